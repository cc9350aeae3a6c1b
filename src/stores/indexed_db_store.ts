/**
 * A store in the IndexedDB of a browser: for pages, and for workers of all kinds.
 *
 * @module
 */
import { checkOptions } from "../base/options.ts";
import { describeValue } from "../base/path.ts";
import type { Store } from "../ports/store.ts";
import { Database } from "./indexed_db_store/database.ts";
import { claimed, commandsOf, inboxOf, outcome, send } from "./indexed_db_store/inbox.ts";
import { countJobs, createJob, deleteLife, findJob, listJobs, loadJob, purgeJobs } from "./indexed_db_store/jobs.ts";
import { append, compact, replaceFlow } from "./indexed_db_store/journal.ts";
import { Notices } from "./indexed_db_store/notices.ts";
import { enter, leave, renew } from "./indexed_db_store/owners.ts";
import { permitIn } from "./indexed_db_store/permits.ts";
import { claimGiven, nextDueIn, takeDue } from "./indexed_db_store/taking.ts";
import type { IndexedDbFactory, IndexedDbRanges } from "./indexed_db_store/types.ts";

export type { IndexedDbFactory, IndexedDbRanges } from "./indexed_db_store/types.ts";

/** Options of an IndexedDB store. */
export interface IndexedDbStoreOptions {
  /** The name of the database: a database of its own, of which the store makes all object stores. */
  readonly name: string;
  /** What opens databases. @default {that of the page or the worker} */
  readonly indexedDB?: IndexedDbFactory;
  /** What makes ranges of keys for it. @default {that of the page or the worker} */
  readonly IDBKeyRange?: IndexedDbRanges;
}

/**
 * A store in the IndexedDB of a browser, for pages, dedicated, shared and service workers. All that have one origin share a database of
 * one name, and the jobs in it: `watch` tells them what others do, by a `BroadcastChannel`.
 *
 * A page that is loaded anew, or opened after the browser has died, goes on with its jobs when the lease of the page before has ended. Where
 * only one page at a time has a name, `durability: { owner, takeOver: "at once" }` spares that wait; else a short `leaseMs`
 * keeps it short. Browsers slow down the timers of hidden pages, which lose their leases then, and their jobs to other pages: nothing is lost
 * by that, and in a worker it does not happen.
 *
 * Guarantees: each call is one transaction, so it is atomic. An answered write is in the database of the browser, and
 * written to the disk where the browser honours `durability: "strict"`. **A browser may delete all data of an
 * origin** when it needs room, and Safari does when the origin was not visited for a week; ask for `navigator.storage.persist()`, and send away what must not be
 * lost. The user may delete it at any time. A write for which there is no room is an error of the call, and nothing has changed then.
 *
 * Limits: writes run one at a time, in all pages of the origin together. `list` and `count` with a filter look at all jobs.
 * Leases go by the clocks of the callers, which on one machine are the same.
 *
 * @throws {TypeError} when an option is not what it should be, or there is no IndexedDB
 *
 * @example
 * ```ts ignore
 * import { Engine } from "@routilux/routilux";
 * import { indexedDbStore } from "@routilux/routilux/stores/indexed_db";
 *
 * const store = indexedDbStore({ name: "jobs" });
 * const engine = new Engine({ store, durability: { owner: "page", takeOver: "at once" } });
 * engine.work();
 * ```
 */
export function indexedDbStore(options: IndexedDbStoreOptions): Store {
  const action = "Cannot open the IndexedDB store";
  checkOptions(action, options, { name: true, indexedDB: true, IDBKeyRange: true });
  const { name } = options;
  // Only browsers, and their workers, have these two.
  const indexedDB: IndexedDbFactory | undefined = options.indexedDB ?? Reflect.get(globalThis, "indexedDB");
  const IDBKeyRange: IndexedDbRanges | undefined = options.IDBKeyRange ?? Reflect.get(globalThis, "IDBKeyRange");
  if (typeof name !== "string" || name === "") {
    throw new TypeError(`${action}: name must be a text that is not empty, got ${describeValue(name)}`);
  }
  if (indexedDB === undefined || IDBKeyRange === undefined) {
    throw new TypeError(`${action}: there is no IndexedDB here; pass indexedDB and IDBKeyRange`);
  }
  const database = new Database(name, indexedDB, IDBKeyRange);
  const notices = new Notices(name);

  return {
    async create(jobs) {
      const answers = await database.write(async (tables) => {
        const answers = [];
        for (const job of jobs) answers.push(await createJob(tables, job));
        return answers;
      });
      for (const { isNew, record: { owner, dueAt } } of answers) {
        if (isNew && owner === undefined && dueAt !== undefined) notices.tell({ type: "due", at: dueAt });
      }
      return answers;
    },
    find: (jobId) => database.read((tables) => findJob(tables, jobId)),
    load: (jobId) => database.read((tables) => loadJob(tables, jobId)),
    async append(claim, expectedRevision, entries, head) {
      const appended = await database.write((tables) => append(tables, claim, expectedRevision, entries, head));
      if (appended === undefined) return "unread";
      if (head !== undefined) notices.tellOfAppend(appended.before, appended.after);
      return "stored";
    },
    compact: (life, revision, snapshot) => database.write((tables) => compact(tables, life, revision, snapshot)),
    replaceFlow: (claim, expectedRevision, replaced) =>
      database.write((tables) => replaceFlow(tables, claim, expectedRevision, replaced)),
    async send(job, command) {
      const answer = await database.write((tables) => send(tables, job, command));
      if (answer === "stored") notices.tell({ type: "command", jobId: job.jobId });
      return answer;
    },
    outcome: (job, key) => database.read((tables) => outcome(tables, job, key)),
    inbox: async (life, after, now) => ({
      now,
      commands: await database.read((tables) => inboxOf(tables, life, after)),
    }),
    commands: async (owner, now) => ({ now, jobs: await database.read((tables) => commandsOf(tables, owner)) }),
    enter: async (query) => ({
      now: query.now,
      incarnation: await database.write((tables) => enter(tables, query)),
    }),
    renew: async (owner, leaseMs, now) => ({
      now,
      isHeld: await database.write((tables) => renew(tables, owner, leaseMs, now)),
    }),
    leave: (owner) => database.write((tables) => leave(tables, owner)),
    held: async (owner) => {
      const rows = await database.read((tables) => claimed(tables, owner, false));
      return rows.map(({ jobId, record: { life, epoch } }) => ({ jobId, life, epoch }));
    },
    take: (query) => database.write((tables) => takeDue(tables, query)),
    claim: (query) => database.write((tables) => claimGiven(tables, query)),
    nextDueAt: (query) => database.read((tables) => nextDueIn(tables, query)),
    async permit(query) {
      const permitted = await database.write((tables) => permitIn(tables, query));
      const { granted = 0, freeAt, isFreed = false } = permitted ?? {};
      if (isFreed) notices.tell({ type: "due", at: query.now });
      return { now: query.now, granted, freeAt };
    },
    watch: (onEvent) => notices.watch(onEvent),
    list: (query = {}) => database.read((tables) => listJobs(tables, query)),
    count: (filter = {}) => database.read((tables) => countJobs(tables, filter)),
    delete: (life) => database.write((tables) => deleteLife(tables, life)),
    purge: (query) => database.write((tables) => purgeJobs(tables, query)),
    async close() {
      await database.close();
      notices.close();
    },
  };
}
