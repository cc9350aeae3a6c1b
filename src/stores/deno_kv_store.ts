/**
 * A store in Deno KV, for any number of processes.
 *
 * @module
 */
import { checkOptions } from "../base/options.ts";
import type { Store } from "../ports/store.ts";
import { clientOf } from "./deno_kv_store/client.ts";
import type { KvAtomic, KvClient, KvCommit, KvEntry, KvKey, KvKeyPart, KvSelector } from "./deno_kv_store/kv.ts";
import { storeOver } from "./key_value_kit/store.ts";

export type { KvAtomic, KvClient, KvCommit, KvEntry, KvKey, KvKeyPart, KvSelector };

/** Options of a Deno KV store. */
export interface DenoKvStoreOptions {
  /** The beginning of all keys. @default {["routilux"]} */
  readonly prefix?: KvKey | undefined;
  /**
   * Whether the processes that use the store tell each other when they have done something, by the client's `watch`: where that sees
   * other processes, as on Deno Deploy; a local database does not. Set it for all of them. Whoever watches the store keeps
   * the process alive then, until the store is closed. @default {false}
   */
  readonly watchesOthers?: boolean | undefined;
}

/**
 * A store in Deno KV, for any number of processes at once. You get the client from `Deno.openKv()`, and close it after
 * the store, which leaves it open. Deno needs `--unstable-kv`, or `"unstable": ["kv"]` in its configuration.
 *
 * Guarantees:
 * - A write is one atomic operation that checks the version of the job. Texts that are too large for one operation are
 *   first stored in parts that nothing refers to yet; parts that a crash leaves are removed by the next snapshot, the next
 *   creation, or with the job.
 * - A stored write survives the process, and a loss of power as far as the database does. A local Deno KV database is a
 *   SQLite file.
 * - When a write gets no answer, the store checks whether it was made, and fails if it was not or if that is unknown.
 *   While another process writes to the same file and Deno KV reports that the database is locked, the store tries
 *   again for some seconds.
 * - Due jobs and lists are found by keys, without reading whole jobs. Of a list by status or tags, and of `count`, the records of
 *   all jobs within the given creation times are read.
 * - `watch` reports what is done with this store object and, if asked for, that other processes have done something.
 *
 * Writes of one process to one job wait for each other. Jobs with long ids that were created in the same millisecond are ordered by
 * the beginnings of their ids: 60 characters, or fewer if they are not ASCII letters or digits.
 *
 * @throws {TypeError} for an option of an unknown name
 *
 * @example
 * ```ts
 * import { denoKvStore } from "@routilux/routilux/stores/deno_kv";
 *
 * const kv = await Deno.openKv(":memory:");
 * const store = denoKvStore(kv);
 * await store.list({ status: "running" }); // { jobs: [] }
 * await store.close();
 * kv.close();
 * ```
 */
export function denoKvStore(kv: KvClient, options: DenoKvStoreOptions = {}): Store {
  checkOptions("Cannot open the Deno KV store", options, { prefix: true, watchesOthers: true });
  const { prefix = ["routilux"], watchesOthers = false } = options;
  return storeOver(clientOf(kv, prefix, watchesOthers), "Deno KV store", { id: () => crypto.randomUUID() });
}
