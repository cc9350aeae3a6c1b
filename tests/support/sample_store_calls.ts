import type { JobHead, Store } from "../../src/ports/mod.ts";
import { HEAD, sampleJob } from "../../src/testing/store_contract/sample_jobs.ts";

/** One call of a store, with a name for messages. */
export interface Step {
  /** The call's name in messages. */
  readonly name: string;
  /** Makes the call. */
  readonly run: (store: Store) => unknown;
}

const IDS = ["a", "b"];

/** Everything that a store answers about its jobs, as text. */
export async function viewOf(store: Store): Promise<string> {
  const shown: unknown[] = [];
  for (const jobId of IDS) shown.push(await store.load(jobId), await store.inbox(jobId, 0));
  const due = (await store.due({ now: 100, owner: "me" })).map(({ jobId }) => jobId).sort();
  return JSON.stringify([...shown, await store.list(), due], sortKeys);
}

function sortKeys(_key: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort());
}

/** Calls for two jobs that use every method: short and long entries, commands, snapshots, deletion and creation again. */
export function storeScript(): readonly Step[] {
  const revisions = new Map<string, number>();
  const revisionOf = (jobId: string) => revisions.get(jobId) ?? 0;
  const create = (jobId: string, createdAt: number): Step => {
    revisions.set(jobId, 0);
    const text = jobId.repeat(1_500);
    const more = { createdAt, flow: `{"flow":"${text}"}`, snapshot: `{"at":0,"text":"${text}"}` };
    return { name: `create ${jobId}`, run: (store) => store.create(sampleJob(jobId, {}, more)) };
  };
  const append = (jobId: string, sizes: readonly number[], head?: Partial<JobHead>): Step => {
    const at = revisionOf(jobId);
    const entries = sizes.map((size, index) => `${at + index + 1} ${"\u00e9".repeat(size)}`);
    revisions.set(jobId, at + sizes.length);
    const whole = head && { ...HEAD, ...head };
    return { name: `append to ${jobId} at ${at}`, run: (store) => store.append(jobId, at, entries, whole) };
  };
  const compact = (jobId: string, before: number): Step => {
    const at = revisionOf(jobId) - before;
    const snapshot = `{"at":${at},"text":"${"s".repeat(2_000)}"}`;
    return { name: `compact ${jobId} at ${at}`, run: (store) => store.compact(jobId, at, snapshot) };
  };
  const send = (jobId: string, key: string, size: number): Step => ({
    name: `send ${key} to ${jobId}`,
    run: (store) => store.send(jobId, key.repeat(size), key),
  });
  const remove = (jobId: string): Step => ({ name: `delete ${jobId}`, run: (store) => store.delete(jobId) });
  return [
    create("a", 1),
    append("a", [3], { owner: "me", epoch: 1, wakeAt: 90 }),
    append("a", [5, 700]),
    create("b", 2),
    send("a", "first", 1),
    send("a", "second", 600),
    send("a", "first", 1),
    append("a", [1], { owner: "me", epoch: 1, consumed: 1 }),
    ...Array.from({ length: 40 }, () => append("a", [140])),
    append("b", [1, 2, 3], { status: "paused", wakeAt: 50 }),
    compact("a", 20),
    append("a", [10, 10]),
    compact("a", 0),
    append("a", [400], { status: "x".repeat(1_200), consumed: 2 }),
    append("a", [2], { status: "completed", consumed: 2 }),
    compact("a", 1),
    send("b", "third", 1),
    remove("b"),
    create("b", 3),
    append("b", [1]),
    remove("a"),
  ];
}
