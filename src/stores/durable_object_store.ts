import type { Store } from "../ports/store.ts";
import { Alarm } from "./durable_object_store/alarm.ts";
import { type DurableObjectStorage, queriesOf } from "./durable_object_store/storage.ts";
import { prepareTables } from "./sqlite_kit/schema.ts";
import { storeOver } from "./sqlite_kit/store.ts";
import { nextDueIn } from "./sqlite_kit/taking.ts";

export type { DurableObjectStorage, SqlStorage, SqlStorageValue } from "./durable_object_store/storage.ts";

const END_LEASES = "UPDATE routilux_leases SET until = 0";

/** A store in a Durable Object. */
export interface DurableObjectStore extends Store {
  /** Sets the next alarm: to be called at the end of the object's `alarm()`. */
  rearm(): Promise<void>;
}

/**
 * A store in the SQLite database of a Cloudflare Durable Object, for the jobs of that object: one job, or all of a tenant. The object
 * sleeps while its jobs wait, and costs nothing then: the store keeps the object's alarm at the instant at which something is due.
 *
 * Make one store in the constructor of the object. An object runs at one place, so whoever had its jobs before is gone: opening the
 * store ends all leases, and the engine goes on at once with what was running when the object was evicted or its machine died. Call
 * `rearm` at the end of `alarm()`. Let waiting jobs go soon (`idleMs` of `engine.work`): only then can the object sleep.
 *
 * Guarantees: a write is atomic together with the alarm. No answer leaves the object, to a client or to another service, before the
 * platform has stored what was written before it. Long texts are kept in parts. The store creates its tables, called `routilux_…`. `watch` tells what is done with this store object.
 *
 * @throws {Error} when the object's database has tables of a newer version
 *
 * @example A class of a worker, with `new_sqlite_classes` in its wrangler file
 * ```ts
 * import { Engine, Registry } from "@routilux/routilux";
 * import { type DurableObjectStorage, durableObjectStore } from "@routilux/routilux/stores/durable_object";
 *
 * export class Tenant { // extends DurableObject
 *   readonly #store;
 *   readonly #engine: Engine;
 *   constructor(ctx: { storage: DurableObjectStorage }) {
 *     this.#store = durableObjectStore(ctx.storage);
 *     this.#engine = new Engine({ store: this.#store, registry: new Registry() });
 *     this.#engine.work({ idleMs: 1_000 });
 *   }
 *   async alarm(): Promise<void> {
 *     await this.#engine.recover();
 *     await this.#store.rearm();
 *   }
 * }
 * ```
 */
export function durableObjectStore(storage: DurableObjectStorage): DurableObjectStore {
  const queries = queriesOf(storage.sql);
  storage.transactionSync(() => {
    prepareTables(queries, (sql) => storage.sql.exec(sql));
    queries.run(END_LEASES);
  });
  const alarm = new Alarm(storage, (now) => nextDueIn(queries, { now }));
  const store = storeOver({
    name: "The store of the Durable Object",
    queries,
    write(make, isSingle) {
      let moved: Promise<void> | undefined;
      const answer = storage.transactionSync(() => {
        const made = make();
        // A single entry makes nothing due. An object whose class has no `alarm()` throws here.
        if (isSingle !== true) moved = alarm.move();
        return made;
      });
      return moved === undefined ? answer : moved.then(() => answer);
    },
    read: (run) => run(),
    // Nothing else happens in the object meanwhile.
    readAtOnce: (run) => run(),
    close() {},
  });
  return { ...store, rearm: () => alarm.rearm() };
}
