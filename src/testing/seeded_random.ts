/** Chance that can be repeated: the same seed gives the same numbers in every runtime. */
export interface Random {
  /** A number from 0 up to, not including, 1. */
  next(): number;
  /** An integer from 0 up to, not including, `below`. */
  integer(below: number): number;
  /** True with a probability from 0 to 1. */
  chance(probability: number): boolean;
}

/**
 * Makes chance from a seed: mulberry32, which needs nothing but 32-bit integers and so is the same everywhere.
 */
export function seededRandom(seed: number): Random {
  let state = seed | 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    next,
    integer: (below) => Math.floor(next() * below),
    chance: (probability) => next() < probability,
  };
}
