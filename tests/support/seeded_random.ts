import * as library from "../../src/testing/seeded_random.ts";

/** A random number generator that can also pick an item of a list. */
export interface Random extends library.SeededRandom {
  /** Picks one of the items. */
  pick<T>(items: readonly [T, ...T[]]): T;
}

/** Makes a generator; equal seeds give equal numbers. */
export function seededRandom(seed: number): Random {
  const random = library.seededRandom(seed);
  return { ...random, pick: (items) => items[random.integer(items.length)] ?? items[0] };
}
