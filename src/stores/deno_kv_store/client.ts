/** A part of a key. Deno stands a symbol for the versionstamp of a write; the store uses none. */
export type KvKeyPart = Uint8Array | string | number | bigint | boolean | symbol;

/** A key: sorted part by part. */
export type KvKey = readonly KvKeyPart[];

/** What stands under a key; without a versionstamp, nothing does. */
export interface KvEntry<T> {
  /** The key. */
  readonly key: KvKey;
  /** The value. */
  readonly value: T | null;
  /** Changes with each write. */
  readonly versionstamp: string | null;
}

/** Which keys to list: those that begin like `prefix`, or from `start` up to, not including, `end`. */
export type KvSelector = { readonly prefix: KvKey } | { readonly start: KvKey; readonly end: KvKey };

/** Writes that happen all or not at all. */
export interface KvAtomic {
  /** Lets them happen only if this is still what stands there. */
  check(entry: { readonly key: KvKey; readonly versionstamp: string | null }): KvAtomic;
  /** Sets a value. */
  set(key: KvKey, value: unknown): KvAtomic;
  /** Removes a key. */
  delete(key: KvKey): KvAtomic;
  /** Makes them happen: `ok` is false when a check has failed. */
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
  /** Begins a group of writes. */
  atomic(): KvAtomic;
}

/** So many entries can be read as of one moment. */
export const MOST_READ = 10;

/** Sorts behind every text and number. */
export const LAST: KvKeyPart = true;

/** Sorts before everything else. */
export const FIRST: KvKeyPart = new Uint8Array();
