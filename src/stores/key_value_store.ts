/**
 * A store in any key-value storage that can compare and set one key: for edge functions, and wherever there is no database.
 *
 * @module
 */
import { checkInteger, checkOptions } from "../base/options.ts";
import type { IdSource } from "../ports/ids.ts";
import type { Store } from "../ports/store.ts";
import { storeOver } from "./key_value_kit/store.ts";
import { clientOf } from "./key_value_store/client.ts";
import type { KeyValueStorage } from "./key_value_store/storage.ts";

export type { KeyValueEntry, KeyValueStorage } from "./key_value_store/storage.ts";

/** Options of a key-value store. */
export interface KeyValueStoreOptions {
  /** The prefix of all keys, so that the storage can hold other data too. @default {"routilux/"} */
  readonly prefix?: string;
  /** The maximum size of a value in bytes; longer texts are split. @default {60000} */
  readonly maxValueBytes?: number;
  /** Makes unique ids for the keys of values. The default makes random UUIDs. */
  readonly ids?: IdSource;
}

/**
 * A store in a key-value storage whose only atomic operation is a compare-and-set of one key: for edge functions, and
 * wherever there is no database. The storage is passed in as an object with four methods. Any number of processes may use it.
 *
 * Guarantees: every write is completed by setting one key, the job's own, so it is atomic, whenever a process ends and
 * whichever call fails. Stored data is as durable as the storage. A call whose answer was lost may or may not have been
 * made; repeating it is safe, at worst the repetition is fenced. An append of entries sets one key, and sometimes two or three;
 * its cost depends neither on the length of the journal nor on the size of the job.
 *
 * Limits: `take`, `nextDueAt` and `commands` list the names of the keys of all jobs that wait for an instant, that somebody has
 * claimed, or that have commands, because the storage does not order keys; of the values, they read only those of jobs that they
 * return, and a few others. `list` and `count` read every job. So the store suits thousands of jobs, not millions; delete jobs that
 * have ended. The values of an interrupted write are removed by the next compaction; those of an interrupted creation by the next
 * creation of that job. `watch` reports what is done with this store object.
 *
 * @throws {RangeError} when `maxValueBytes` is not an integer of at least 1,000
 * @throws {TypeError} for an option of an unknown name
 *
 * @example
 * ```ts
 * import { type KeyValueStorage, keyValueStore } from "@routilux/routilux/stores/key_value";
 *
 * const entries = new Map<string, { value: string; version: string }>();
 * let count = 0;
 * const storage: KeyValueStorage = { // in production: calls of a service
 *   get: (key) => entries.get(key),
 *   set(key, value, expected) {
 *     if (entries.get(key)?.version !== expected) return undefined;
 *     const version = String(++count);
 *     entries.set(key, { value, version });
 *     return version;
 *   },
 *   delete(key, expected) {
 *     if (expected === undefined || entries.get(key)?.version === expected) entries.delete(key);
 *   },
 *   list: (prefix) => [...entries.keys()].filter((key) => key.startsWith(prefix)),
 * };
 * const store = keyValueStore(storage);
 * await store.list({ status: "running" }); // { jobs: [] }
 * ```
 */
export function keyValueStore(storage: KeyValueStorage, options: KeyValueStoreOptions = {}): Store {
  const action = "Cannot open the key-value store";
  checkOptions(action, options, { prefix: true, maxValueBytes: true, ids: true });
  const { prefix = "routilux/", maxValueBytes = 60_000, ids = { id: () => crypto.randomUUID() } } = options;
  checkInteger(action, "maxValueBytes", maxValueBytes, 1_000);
  for (const name of ["get", "set", "delete", "list"] as const) {
    if (typeof storage?.[name] === "function") continue;
    throw new TypeError(`${action}: the storage needs the methods get, set, delete and list; it has no ${name}`);
  }
  return storeOver(clientOf(storage, prefix, maxValueBytes), "key-value store", ids);
}
