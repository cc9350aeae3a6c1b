import type { MaybePromise } from "../../ports/store.ts";

/** A value with its version. */
export interface KeyValueEntry {
  /** The value. */
  readonly value: string;
  /**
   * Changes with every write, also across a deletion. An earlier version may return only together with the same value.
   */
  readonly version: string;
}

/**
 * The key-value storage that a store needs: it has an atomic compare-and-set of one key, and reads see the last write.
 * Keys consist of the store's prefix and at most 300 ASCII letters, digits and `/ ~ _ -`, and are compared exactly.
 * Values are well-formed texts without NUL. Errors are thrown or reject; a write that has failed may have happened
 * nevertheless.
 */
export interface KeyValueStorage {
  /** Reads a key; `undefined` when it has no value. */
  get(key: string): MaybePromise<KeyValueEntry | undefined>;
  /**
   * Writes a value if its key is at the expected version, or has no value if that is `undefined`. Returns the new
   * version, or `undefined` when nothing has changed.
   */
  set(key: string, value: string, expected: string | undefined): MaybePromise<string | undefined>;
  /** Deletes a key; if a version is given, only when the key is at that version. */
  delete(key: string, expected?: string): MaybePromise<unknown>;
  /** Returns the keys that begin with a prefix, in any order. */
  list(prefix: string): MaybePromise<Iterable<string>>;
}
