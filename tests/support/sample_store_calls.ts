import type { AppendHead, Incarnation, JobClaim, NewJob, Store } from "../../src/ports/mod.ts";
import { ENDED, enter, HEAD, NOW, sampleJob } from "../../src/testing/store_contract/sample_jobs.ts";

/** One call of a store, with a name for messages. */
export interface Step {
  /** The call's name in messages. */
  readonly name: string;
  /** Makes the call, after it has looked up what it must name. */
  readonly run: (store: Store) => unknown;
}

const IDS = ["a", "b"];
const OWNERS = ["me", "you"];
const COMMAND = { reopens: false, now: NOW, keyRetentionMs: 1_000, room: 100 };

/** Everything that a store answers about its jobs, as text, except serial numbers: those of a call that has failed may be lost. */
export async function viewOf(store: Store): Promise<string> {
  const shown: unknown[] = [await store.list(), await store.count(), await store.nextDueAt({ now: 0 })];
  for (const jobId of IDS) {
    const job = await store.load(jobId);
    shown.push(job);
    if (job === undefined) continue;
    const { life, consumed, owner, incarnation } = job.record;
    shown.push(await store.inbox({ jobId, life }, consumed, NOW));
    for (const key of ["first", "second", "third"]) shown.push(await store.outcome({ jobId, life }, key) ?? "none");
    if (owner === undefined || incarnation === undefined) continue;
    shown.push(await store.commands({ owner, incarnation }, NOW), await store.held({ owner, incarnation }));
  }
  return JSON.stringify(shown, withoutNumbers);
}

function withoutNumbers(key: string, value: unknown): unknown {
  if (key === "life" || key === "incarnation") return undefined;
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort());
}

async function findClaim(store: Store, jobId: string): Promise<JobClaim> {
  return await store.find(jobId) ?? { jobId, life: 0, epoch: 0 };
}

async function findOwner(store: Store, owner: string): Promise<Incarnation> {
  return await enter(store, owner, { token: owner });
}

/**
 * Calls for two jobs that use every method that writes: short and long entries, claims, commands, snapshots, deletion and creation
 * again. A call that is repeated because its answer was lost has no further effect.
 */
export function storeScript(): readonly Step[] {
  const revisions = new Map<string, number>();
  const revisionOf = (jobId: string) => revisions.get(jobId) ?? 0;
  const create = (jobId: string, createdAt: number, more: Partial<NewJob> = {}): Step => {
    revisions.set(jobId, 0);
    const text = jobId.repeat(1_500);
    const texts = { flow: `{"flow":"${text}"}`, snapshot: `{"at":0,"text":"${text}"}`, token: `${jobId} ${createdAt}` };
    const job = sampleJob(jobId, { createdAt, ...texts, ...more });
    return { name: `create ${jobId}`, run: (store) => store.create([job]) };
  };
  const append = (jobId: string, sizes: readonly number[], head?: Partial<AppendHead>): Step => {
    const at = revisionOf(jobId);
    const entries = sizes.map((size, index) => `${at + index + 1} ${"\u00e9".repeat(size)}`);
    revisions.set(jobId, at + sizes.length);
    const whole = head && { ...HEAD, ...head };
    return {
      name: `append to ${jobId} at ${at}`,
      run: async (store) => await store.append(await findClaim(store, jobId), at, entries, whole),
    };
  };
  const compact = (jobId: string, before: number): Step => {
    const at = revisionOf(jobId) - before;
    const snapshot = `{"at":${at},"text":"${"s".repeat(2_000)}"}`;
    return {
      name: `compact ${jobId} at ${at}`,
      run: async (store) => await store.compact(await findClaim(store, jobId), at, snapshot),
    };
  };
  const replaceFlow = (jobId: string): Step => {
    const at = revisionOf(jobId);
    const replaced = {
      flowHash: "second",
      flow: `{"flow":"${"f".repeat(3_000)}"}`,
      snapshot: `{"in":"${"s".repeat(2_500)}"}`,
    };
    return {
      name: `replace the flow of ${jobId} at ${at}`,
      run: async (store) => await store.replaceFlow?.(await findClaim(store, jobId), at, replaced),
    };
  };
  const send = (jobId: string, key: string, size: number): Step => ({
    name: `send ${key} to ${jobId}`,
    run: (store) => store.send({ jobId }, { ...COMMAND, key, text: key.repeat(size) }),
  });
  const remove = (jobId: string): Step => ({
    name: `delete ${jobId}`,
    run: async (store) => await store.delete(await findClaim(store, jobId)),
  });
  const claim = (jobId: string, owner: string, epoch: number): Step => ({
    name: `claim ${jobId}`,
    run: async (store) => {
      const jobs = [{ ...await findClaim(store, jobId), epoch }];
      return await store.claim({ ...await findOwner(store, owner), now: NOW, jobs });
    },
  });
  const take = (owner: string, limit: number): Step => ({
    name: `take by ${owner}`,
    run: async (store) => await store.take({ ...await findOwner(store, owner), now: NOW, limit }),
  });
  const calls = (name: string, run: (store: Store, me: Incarnation) => unknown): Step => ({
    name,
    run: async (store) => await run(store, await findOwner(store, "me")),
  });
  return [
    create("a", 1),
    ...OWNERS.map((owner): Step => ({ name: `enter as ${owner}`, run: (store) => findOwner(store, owner) })),
    claim("a", "me", 0),
    append("a", [3], { dueAt: 90 }),
    append("a", [5, 700]),
    create("b", 2, { tags: { first: "t".repeat(1_000), second: "u".repeat(1_000) } }),
    send("a", "first", 1),
    send("a", "second", 600),
    send("a", "first", 1),
    append("a", [1], { consumed: 1, refused: [{ sequence: 1, reason: "r".repeat(50) }] }),
    ...Array.from({ length: 40 }, () => append("a", [140])),
    append("b", [1, 2, 3], { status: "paused", dueAt: 50 }),
    take("you", 1),
    append("b", [], { status: "waiting", dueAt: 60, releases: true }),
    compact("a", 20),
    calls("renew as me", (store, me) => store.renew(me, 5_000, NOW)),
    append("a", [10, 10]),
    replaceFlow("a"),
    append("a", [10, 10]),
    compact("a", 0),
    replaceFlow("a"),
    append("a", [400], { status: "x".repeat(200), consumed: 2, refused: [{ sequence: 2, reason: "second" }] }),
    append("a", [2], { ...ENDED, consumed: 2 }),
    compact("a", 1),
    send("b", "third", 1),
    take("me", 10),
    remove("b"),
    create("b", 3),
    append("b", [1]),
    { name: "purge", run: (store) => store.purge({ endedBefore: NOW + 1, limit: 10 }) },
    claim("b", "me", 0),
    calls("leave as me", (store, me) => store.leave(me)),
  ];
}
