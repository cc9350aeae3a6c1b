import type { KeyValueEntry, KeyValueStorage } from "../../src/stores/key_value_store.ts";

/** A call of the storage. */
export interface StorageCall {
  /** The number of the call, from 0. */
  readonly index: number;
  /** The name of the method. */
  readonly name: keyof KeyValueStorage;
  /** Its key or prefix. */
  readonly key: string;
}

/** Hooks around a call. An error that a hook throws is thrown by the call, before or after it took effect. */
export interface Around {
  /** Before the call is made. */
  before?(call: StorageCall): Promise<void> | void;
  /** After the call took effect, before it is answered. */
  after?(call: StorageCall): Promise<void> | void;
}

/** A key-value storage in memory that several simulated processes share, each by a handle of its own. */
export interface KeyValues {
  /** The stored entries. */
  readonly entries: ReadonlyMap<string, KeyValueEntry>;
  /** The size of the largest value so far, in bytes. */
  readonly longestValue: number;
  /** The handle of one process. */
  connect(around?: Around): KeyValueStorage;
}

/** Makes a storage: an empty one, or one with the entries of another. */
export function createKeyValues(from?: KeyValues): KeyValues {
  const entries = new Map<string, KeyValueEntry>(from?.entries);
  const encoder = new TextEncoder();
  let count = Math.max(0, ...Array.from(entries.values(), ({ version }) => Number(version)));
  let longestValue = 0;
  const check = (key: string): string => {
    if (!/^[A-Za-z0-9/~_-]{1,300}$/.test(key)) throw new TypeError(`The storage takes no such key: ${key}`);
    return key;
  };
  const set = (key: string, value: string, expected: string | undefined): string | undefined => {
    if (!value.isWellFormed() || value.includes("\0")) throw new TypeError(`The storage takes no such value: ${value}`);
    if (entries.get(check(key))?.version !== expected) return undefined;
    longestValue = Math.max(longestValue, encoder.encode(value).length);
    const version = String(++count);
    entries.set(key, { value, version });
    return version;
  };
  return {
    entries,
    get longestValue() {
      return longestValue;
    },
    connect({ before, after } = {}) {
      let index = 0;
      const around = async <T>(name: keyof KeyValueStorage, key: string, run: () => T): Promise<T> => {
        const call = { index: index++, name, key };
        await before?.(call);
        const result = run();
        await after?.(call);
        return result;
      };
      return {
        get: (key) => around("get", key, () => entries.get(check(key))),
        set: (key, value, expected) => around("set", key, () => set(key, value, expected)),
        delete: (key, expected) =>
          around("delete", key, () => {
            if (expected === undefined || entries.get(key)?.version === expected) entries.delete(check(key));
          }),
        list: (prefix) => around("list", prefix, () => [...entries.keys()].filter((key) => key.startsWith(prefix))),
      };
    },
  };
}
