import type { MaybePromise } from "../../ports/store.ts";

/** A value, and the version by which it is told from all others that its key has had. */
export interface KeyValueEntry {
  /** The value. */
  readonly value: string;
  /** Changes with every write; a version that is gone comes back with the same value only, not even after a removal. */
  readonly version: string;
}

/**
 * What a store needs of a key-value storage: an atomic compare-and-set of one key, and reads that see the last write. Keys
 * are ASCII letters, digits and `/ ~ _ -`, the store's prefix and at most 300 more of them, and compared exactly. Values are
 * well-formed texts without NUL. Errors are thrown or reject; a write that has failed may have been made all the same.
 */
export interface KeyValueStorage {
  /** The value of a key; `undefined` for none. */
  get(key: string): MaybePromise<KeyValueEntry | undefined>;
  /**
   * Writes a value if its key is at a version, or has no value where `undefined` is expected: the new version; `undefined`
   * when the key is not, and nothing has changed.
   */
  set(key: string, value: string, expected: string | undefined): MaybePromise<string | undefined>;
  /** Removes the value of a key; only if it is at a version, where one is given. */
  delete(key: string, expected?: string): MaybePromise<unknown>;
  /** The keys that begin with a text, in any order. */
  list(prefix: string): MaybePromise<Iterable<string>>;
}
