import * as library from "../../src/testing/seeded_random.ts";

/** Chance that can be repeated, and that picks. */
export interface Random extends library.Random {
  /** One of the items. */
  pick<T>(items: readonly [T, ...T[]]): T;
}

/** Makes chance from a seed. */
export function seededRandom(seed: number): Random {
  const random = library.seededRandom(seed);
  return { ...random, pick: (items) => items[random.integer(items.length)] ?? items[0] };
}
