import type { IdSource } from "../../ports/ids.ts";
import type { Store } from "../../ports/store.ts";
import { PendingCalls, StoreWatchers } from "../../ports/store_kit.ts";
import type { KeyValueClient } from "./client.ts";
import { claimJobs, heldJobs, takeJobs } from "./claims.ts";
import { nextDue } from "./due.ts";
import { commandsOf, outcomeFor, readCommands, sendCommand } from "./inbox.ts";
import { appendEntries, compactJob, readJob, replaceFlow } from "./journal.ts";
import { createJob, deleteJob, purgeJobs } from "./lives.ts";
import { countJobs, listJobs } from "./scan.ts";
import { spaceOf } from "./space.ts";
import { TurnQueue } from "./turn_queue.ts";
import { inBatches } from "./values.ts";

/**
 * A store over a key-value storage. Each job has one key, whose value is the truth about it: all writes are completed by a
 * compare-and-set of that key, whenever a process ends and whichever call fails. `name` names the store in errors.
 */
export function storeOver(client: KeyValueClient, name: string, ids: IdSource): Store {
  const space = spaceOf(client, ids);
  const { records, owners } = space;
  const turns = new TurnQueue();
  const pending = new PendingCalls();
  const watchers = new StoreWatchers();
  const watches = new Set<() => void>();
  let isClosed = false;

  const call = async <T>(run: () => Promise<T>): Promise<T> => {
    if (isClosed) throw new Error(`The ${name} is closed; close it last, by engine.close()`);
    return await pending.add(run());
  };
  /** Writes of one store to one job would otherwise make each other try again. */
  const write = <T>(jobId: string, run: () => Promise<T>): Promise<T> => call(() => turns.run(jobId, run));

  return {
    create: (jobs) =>
      call(async () => {
        const copies = jobs.map((job) => ({ ...job, tags: { ...job.tags } }));
        const first = await owners.numbers("life", jobs.length);
        return await inBatches(copies, (job, index) =>
          turns.run(job.jobId, async () => {
            const answer = await createJob(space, job, first + index);
            const { isNew, record: { owner, dueAt } } = answer;
            if (isNew && owner === undefined && dueAt !== undefined) watchers.tell({ type: "due", at: dueAt });
            return answer;
          }));
      }),
    find: (jobId) =>
      call(async () => {
        const located = await records.find(jobId);
        return located && await owners.leases().read(located.state.record);
      }),
    load: (jobId) =>
      call(async () =>
        await records.read(await records.find(jobId), async (it) => await readJob(space, it, owners.leases()))
      ),
    append(claim, expectedRevision, texts, head) {
      const entries = [...texts];
      return write(claim.jobId, async () => {
        const { answer, before, after } = await appendEntries(space, claim, expectedRevision, entries, head);
        if (head !== undefined) watchers.tellOfAppend(before, after);
        return answer;
      });
    },
    compact: (life, revision, snapshot) => write(life.jobId, () => compactJob(space, life, revision, snapshot)),
    replaceFlow: (claim, expectedRevision, replaced) =>
      write(claim.jobId, () => replaceFlow(space, claim, expectedRevision, replaced)),
    send: (job, command) =>
      write(job.jobId, async () => {
        const answer = await sendCommand(space, job, command);
        if (answer === "stored") watchers.tell({ type: "command", jobId: job.jobId });
        return answer;
      }),
    outcome: ({ jobId, life }, key) =>
      call(async () => {
        const located = await records.find(jobId, life);
        return await records.read(located, async (it) => await outcomeFor(space, it, key));
      }),
    inbox: ({ jobId, life }, after, now) =>
      call(async () => {
        const located = await records.find(jobId, life);
        return { now, commands: await records.read(located, async (it) => await readCommands(space, it, after)) ?? [] };
      }),
    commands: (owner, now) => call(async () => ({ now, jobs: await commandsOf(space, owner) })),
    enter: (query) => call(() => owners.enter(query)),
    renew: (owner, leaseMs, now) => call(async () => ({ now, isHeld: await owners.renew(owner, leaseMs, now) })),
    leave: (owner) => call(() => owners.leave(owner)),
    held: (owner) => call(() => heldJobs(space, owner)),
    take: (query) => call(() => takeJobs(space, query)),
    claim: (query) => call(() => claimJobs(space, query)),
    nextDueAt: (query) => call(() => nextDue(space, query, owners.leases())),
    permit: (query) =>
      call(async () => {
        const permitted = await turns.run(`queue ${query.queue}`, () => owners.permit(query));
        return watchers.tellOfPermit(permitted, query.now);
      }),
    watch(onEvent) {
      const ends = [watchers.watch(onEvent), client.watch?.(() => onEvent({ type: "gap" }))];
      const end = () => {
        for (const it of ends) it?.();
        watches.delete(end);
      };
      watches.add(end);
      return end;
    },
    list: (query = {}) => call(() => listJobs(space, query)),
    count: (filter = {}) => call(() => countJobs(space, filter)),
    delete: (life) => write(life.jobId, () => deleteJob(space, life)),
    purge: (query) => call(() => purgeJobs(space, query)),
    async close() {
      isClosed = true;
      for (const end of [...watches]) end();
      await pending.finished();
    },
  };
}
