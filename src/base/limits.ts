/** How deep and how large one value may be. */
export interface ValueLimits {
  /** The deepest nesting. */
  readonly depth: number;
  /** The most values in it: every primitive, array and object counts. */
  readonly nodes: number;
  /** The longest JSON text of it, in UTF-8 bytes; `Infinity` for none. */
  readonly bytes: number;
}

/** The limits of a value where nobody set others. */
export const DEFAULT_VALUE_LIMITS: ValueLimits = { depth: 100, nodes: 1_000_000, bytes: Infinity };

/** The most that a job counts to: there is room above it in which numbers are exact, and documents go no further. */
export const MAX_COUNT: number = 2 ** 52;

/** The deepest nesting that can be allowed: what every host's call stack bears. */
export const MAX_DEPTH = 1_000;
