import type { Random } from "./random.ts";

const WORDS = ["", "a", "value", "a b", "0", "été", "😀", "\u0000", 'say "hi"', "toString"] as const;
const NUMBERS = [0, 1, -1, 0.1, -2.5, 1e21, 5e-324, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER] as const;

/** A value of any kind that data may hold, nested at most `depth` times. */
export function randomValue(random: Random, depth: number): unknown {
  const kinds = depth > 0 ? 14 : 8;
  switch (random.integer(kinds)) {
    case 0:
      return null;
    case 1:
      return random.chance(0.5);
    case 2:
      return random.pick(NUMBERS);
    case 3:
      return random.pick(WORDS);
    case 4:
      return BigInt(random.integer(1_000_000)) ** BigInt(random.integer(5)) * (random.chance(0.5) ? 1n : -1n);
    case 5:
      return new Date(random.integer(8_640_000_000) * 1_000 * (random.chance(0.5) ? 1 : -1));
    case 6:
      return Uint8Array.from({ length: random.integer(6) }, () => random.integer(256));
    case 7:
      return new TypeError(random.pick(WORDS), random.chance(0.3) ? { cause: new Error("root") } : {});
    case 8:
      return new Map(list(random, () => [randomValue(random, depth - 1), randomValue(random, depth - 1)]));
    case 9:
      return new Set(list(random, () => randomValue(random, depth - 1)));
    case 10:
    case 11:
      return list(random, () => randomValue(random, depth - 1));
    default:
      return Object.fromEntries(list(random, () => [random.pick(WORDS), randomValue(random, depth - 1)]));
  }
}

function list<T>(random: Random, make: () => T): T[] {
  return Array.from({ length: random.integer(5) }, make);
}
