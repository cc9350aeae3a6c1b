/**
 * A part of a key. Deno's own type allows a symbol, which stands for the versionstamp of a write; the store uses none.
 */
export type KvKeyPart = Uint8Array | string | number | bigint | boolean | symbol;

/** A key. Keys are sorted part by part. */
export type KvKey = readonly KvKeyPart[];

/** A value with its key; `versionstamp` is `null` when the key has no value. */
export interface KvEntry<T> {
  /** The key. */
  readonly key: KvKey;
  /** The value. */
  readonly value: T | null;
  /** Changes with each write. */
  readonly versionstamp: string | null;
}

/** Selects keys: those that begin with `prefix`, or those from `start` up to, not including, `end`. */
export type KvSelector = { readonly prefix: KvKey } | { readonly start: KvKey; readonly end: KvKey };

/** A group of writes that is performed atomically. */
export interface KvAtomic {
  /** Adds a condition: the key must still have this versionstamp. */
  check(entry: { readonly key: KvKey; readonly versionstamp: string | null }): KvAtomic;
  /** Sets a value. */
  set(key: KvKey, value: unknown): KvAtomic;
  /** Deletes a key. */
  delete(key: KvKey): KvAtomic;
  /** Performs the writes; `ok` is false, and nothing has changed, when a condition is not met. */
  commit(): Promise<{ readonly ok: boolean }>;
}

/** The methods of `Deno.Kv` that the store calls. */
export interface KvClient {
  /** Reads an entry. */
  get<T>(key: KvKey): Promise<KvEntry<T>>;
  /** Reads up to ten entries as of one moment. */
  getMany<T extends readonly unknown[]>(
    keys: readonly [...{ [K in keyof T]: KvKey }],
  ): Promise<{ [K in keyof T]: KvEntry<T[K]> }>;
  /** Reads entries in the order of their keys. */
  list<T>(selector: KvSelector): AsyncIterable<KvEntry<T>>;
  /** Makes an empty group of writes. */
  atomic(): KvAtomic;
}

/** The maximum number of entries that Deno KV reads as of one moment. */
export const MOST_READ = 10;

/** Sorts after every text and number. */
export const LAST: KvKeyPart = true;

/** Sorts before everything else. */
export const FIRST: KvKeyPart = new Uint8Array();
