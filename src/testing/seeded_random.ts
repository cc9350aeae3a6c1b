/** A reproducible random number generator: the same seed gives the same numbers in every runtime. */
export interface SeededRandom {
  /** Returns a number from 0 up to, not including, 1. */
  next(): number;
  /** Returns an integer from 0 up to, not including, `below`. */
  integer(below: number): number;
  /** Returns true with a probability from 0 to 1. */
  chance(probability: number): boolean;
}

/**
 * Makes a generator from a seed: mulberry32, which uses only 32-bit integer operations and so is the same in every
 * runtime.
 */
export function seededRandom(seed: number): SeededRandom {
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
