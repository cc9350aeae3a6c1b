import type { MaybePromise, Store } from "../../ports/store.ts";
import { StoreWatchers } from "../../ports/store_kit.ts";
import { addCommand, commandsAfter, commandsOf, outcomeFor } from "./inbox.ts";
import { countJobs, createJob, deleteLife, findJob, listJobs, loadLife, purgeJobs } from "./jobs.ts";
import { addEntries, addWithHead, compactJob, replaceFlow } from "./journal.ts";
import { enter, heldBy, leave, renew } from "./owners.ts";
import { permitIn } from "./permits.ts";
import type { Queries } from "./queries.ts";
import { NO_REVISION } from "./statements.ts";
import { claimGiven, nextDueIn, takeDue } from "./taking.ts";

/** A database that has the tables of the store. */
export interface SqlPlace {
  /** What the store is called in errors. */
  readonly name: string;
  /** Its statements. */
  readonly queries: Queries;
  /** Runs statements that write, all or none; answers when that is stored. `isSingle` says that it is one statement. */
  write<T>(make: () => T, isSingle?: boolean): MaybePromise<T>;
  /** Runs a statement that reads. */
  read<T>(run: () => T): T;
  /** Runs statements that read, all as of one moment. */
  readAtOnce<T>(run: () => T): T;
  /** Called when the store is closed. */
  close(): void;
}

/** Makes a store over a database. */
export function storeOver({ name, queries, ...place }: SqlPlace): Store {
  const watchers = new StoreWatchers();
  let isClosed = false;

  const checkOpen = (): void => {
    if (isClosed) throw new Error(`${name} is closed; close it last, by engine.close()`);
  };
  const write: SqlPlace["write"] = (make, isSingle) => {
    checkOpen();
    return place.write(make, isSingle);
  };
  const read: SqlPlace["read"] = (run) => {
    checkOpen();
    return place.read(run);
  };
  const readAtOnce: SqlPlace["readAtOnce"] = (run) => {
    checkOpen();
    return place.readAtOnce(run);
  };
  const addHead = async (
    ...[claim, expectedRevision, entries, head]: Parameters<Store["append"]>
  ): Promise<"stored" | "unread"> => {
    const records = await write(() => addWithHead(queries, claim, expectedRevision, entries, head));
    if (records === undefined) return "unread";
    watchers.tellOfAppend(records.before, records.after);
    return "stored";
  };

  return {
    async create(jobs) {
      const answers = await write(() => jobs.map((job) => createJob(queries, job)));
      for (const { isNew, record: { owner, dueAt } } of answers) {
        if (isNew && owner === undefined && dueAt !== undefined) watchers.tell({ type: "due", at: dueAt });
      }
      return answers;
    },
    find: (jobId) => read(() => findJob(queries, jobId)),
    load: (jobId) =>
      readAtOnce(() => {
        const record = findJob(queries, jobId);
        return record && loadLife(queries, record.life);
      }),
    append(claim, expectedRevision, entries, head) {
      if (expectedRevision + entries.length >= NO_REVISION) {
        throw new RangeError(
          `Cannot append to job "${claim.jobId}": its journal has reached the highest revision that it can hold in SQLite`,
        );
      }
      const [first, ...others] = entries;
      if (head === undefined && first !== undefined) {
        const isSingle = others.length === 0;
        return write(() => addEntries(queries, claim, expectedRevision, [first, ...others]), isSingle);
      }
      return addHead(claim, expectedRevision, entries, head);
    },
    compact: (life, revision, snapshot) => write(() => compactJob(queries, life, revision, snapshot)),
    replaceFlow: (claim, expectedRevision, replaced) =>
      write(() => replaceFlow(queries, claim, expectedRevision, replaced)),
    async send(job, command) {
      const answer = await write(() => addCommand(queries, job, command));
      if (answer === "stored") watchers.tell({ type: "command", jobId: job.jobId });
      return answer;
    },
    outcome: (job, key) => readAtOnce(() => outcomeFor(queries, job, key)),
    inbox: ({ life }, after, now) => read(() => ({ now, commands: commandsAfter(queries, life, after) })),
    commands: (owner, now) => readAtOnce(() => ({ now, jobs: commandsOf(queries, owner) })),
    async enter(query) {
      return { now: query.now, incarnation: await write(() => enter(queries, query)) };
    },
    async renew(owner, leaseMs, now) {
      return { now, isHeld: await write(() => renew(queries, owner, leaseMs, now)) };
    },
    leave: (owner) => write(() => leave(queries, owner)),
    held: (owner) => read(() => heldBy(queries, owner)),
    take: (query) => write(() => takeDue(queries, query)),
    claim: (query) => write(() => claimGiven(queries, query)),
    nextDueAt: (query) => readAtOnce(() => nextDueIn(queries, query)),
    permit: async (query) => watchers.tellOfPermit(await write(() => permitIn(queries, query)), query.now),
    watch: (onEvent) => watchers.watch(onEvent),
    list: (query = {}) => read(() => listJobs(queries, query)),
    count: (filter = {}) => read(() => countJobs(queries, filter)),
    delete: (life) => write(() => deleteLife(queries, life)),
    purge: (query) => write(() => purgeJobs(queries, query)),
    close(): void {
      if (!isClosed) place.close();
      isClosed = true;
    },
  };
}
