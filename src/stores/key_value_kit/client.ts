/** A value with its version, which changes with every write. */
export interface VersionedValue {
  /** The value. */
  readonly value: string;
  /** The version. */
  readonly version: string;
}

/** A value to be written under a key. */
export type Put = readonly [key: string, value: string];

/** A change that is complete when one key has been set. */
export interface Change {
  /** The key. */
  readonly key: string;
  /** Its new value. */
  readonly value: string;
  /** The version that the key must have; `undefined` when it must have no value. */
  readonly expected: string | undefined;
  /** Values under new keys, which do not count before the key is set: written before it, or together with it. */
  readonly puts: readonly Put[];
  /** Values that others may write, too, in the same way: written before the key is set, or together with it. */
  readonly notes: readonly Put[];
  /** Keys that do not count any more when the key is set: deleted after it, or together with it. */
  readonly removed: readonly string[];
  /** Whether other processes should look at the store after the change. */
  readonly isNews: boolean;
}

/** Returns the keys from `from` up to, not including, `to`, in order; `wanted` is how many the caller is likely to look at. */
export type Names = (from: string, to: string, wanted?: number) => AsyncIterable<string>;

/**
 * What the shared implementation needs of a key-value storage: a compare-and-set of one key. One that can do more makes a whole
 * change at once. Keys consist of at most 300 ASCII letters, digits and `/ ~ _ -`, and are ordered by these characters. Values are
 * well-formed texts without NUL.
 */
export interface KeyValueClient {
  /** The maximum size of a value, in bytes of UTF-8. */
  readonly maxValueBytes: number;
  /** Whether a change with these puts is made at once: all of it or nothing. */
  isAtomic(puts: readonly Put[]): boolean;
  /** Reads a key; `undefined` when it has no value. */
  get(key: string): Promise<VersionedValue | undefined>;
  /** Reads keys, perhaps not as of one moment. */
  getAll(keys: readonly string[]): Promise<readonly (VersionedValue | undefined)[]>;
  /**
   * Makes a change. Returns the key's new version, or `undefined` when the key was at another one. After an error, the key may have
   * been set or not.
   */
  commit(change: Change): Promise<string | undefined>;
  /** Deletes keys. */
  remove(keys: readonly string[]): Promise<void>;
  /** Deletes a key if it is at a version. */
  removeAt(key: string, version: string): Promise<void>;
  /** Gives access to the keys that begin with a prefix. */
  names(prefix: string): Promise<Names>;
  /** Calls back after news by other processes. Returns a function that ends the subscription. */
  watch?(onNews: () => void): () => void;
}
