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

/** Selects the keys from `start` up to, not including, `end`. */
export interface KvSelector {
  /** The first key. */
  readonly start: KvKey;
  /** The key after the last. */
  readonly end: KvKey;
}

/** The answer to a group of writes. */
export type KvCommit = { readonly ok: true; readonly versionstamp: string } | { readonly ok: false };

/** A group of writes that is performed atomically. */
export interface KvAtomic {
  /** Adds a condition: the key must still have this versionstamp. */
  check(entry: { readonly key: KvKey; readonly versionstamp: string | null }): KvAtomic;
  /** Sets a value. */
  set(key: KvKey, value: unknown): KvAtomic;
  /** Deletes a key. */
  delete(key: KvKey): KvAtomic;
  /** Performs the writes; `ok` is false, and nothing has changed, when a condition is not met. */
  commit(): Promise<KvCommit>;
}

/** The methods of `Deno.Kv` that the store calls. */
export interface KvClient {
  /** Reads up to ten entries as of one moment. */
  getMany<T extends readonly unknown[]>(
    keys: readonly [...{ [K in keyof T]: KvKey }],
  ): Promise<{ [K in keyof T]: KvEntry<T[K]> }>;
  /** Reads entries in the order of their keys, `batchSize` at a time. */
  list<T>(selector: KvSelector, options?: { readonly batchSize?: number }): AsyncIterable<KvEntry<T>>;
  /** Makes an empty group of writes. */
  atomic(): KvAtomic;
  /** Reads entries now, and again when they have changed. */
  watch?<T extends readonly unknown[]>(
    keys: readonly [...{ [K in keyof T]: KvKey }],
  ): ReadableStream<{ [K in keyof T]: KvEntry<T[K]> }>;
}
