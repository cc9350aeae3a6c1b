import type { NewJob } from "../../ports/store.ts";
import type { KvKey } from "./client.ts";
import { commit, commitFreely } from "./commit.ts";
import { AGAIN, commitHead, findJob, indexKeys, prepareHead, retry, type StoredHead, toRecord } from "./heads.ts";
import { partsOf } from "./keys.ts";
import { deleteAll, isLong, type KvSpace, prepareText, type StoredText } from "./texts.ts";

/** The value of a snapshot's key. */
export interface StoredSnapshot {
  /** The revision of the snapshot. */
  readonly revision: number;
  /** The job's document. */
  readonly text: StoredText;
}

/** Creates a job. Returns false when a job with this id exists. */
export async function createJob(space: KvSpace, job: NewJob): Promise<boolean> {
  const { kv, keys } = space;
  const id = await partsOf(job.jobId);
  const record = toRecord(job, job.head, 0);
  const isInParts = [job.flow, job.snapshot, JSON.stringify(record)].some(isLong);
  return await retry(`Cannot create job "${job.jobId}"`, async () => {
    if ((await kv.get(keys.head(id))).value !== null) return false;
    const life = crypto.randomUUID();
    const making = keys.making(id, life);
    // The process that creates the job deletes the data of concurrent attempts; their `making` keys are gone then, so
    // they fail.
    if (isInParts) await commitFreely(kv.atomic().set(making, 0));
    const { versionstamp } = await kv.get(making);
    const flow = await prepareText(space, life, "flow", 0, job.flow);
    const snapshot: StoredSnapshot = { revision: 0, text: await prepareText(space, life, "snapshot", 0, job.snapshot) };
    const head = await prepareHead(space, life, record);
    const atomic = kv.atomic()
      .check({ key: keys.head(id), versionstamp: null })
      .check({ key: making, versionstamp })
      .delete(making)
      .set(keys.head(id), head)
      .set(keys.age(record.createdAt, id), 0)
      .set(keys.flow(life), flow)
      .set(keys.snapshot(life), snapshot)
      .set(keys.inbox(life), 0);
    for (const key of await indexKeys(space, id, record)) atomic.set(key, 0);
    const isMade = await commitHead(space, atomic, id, head.write);
    if (isInParts) await tidy(() => clearAttempts(space, id));
    return isMade ? true : AGAIN;
  });
}

/** Deletes a job. Returns false when there is none. */
export async function deleteJob(space: KvSpace, jobId: string): Promise<boolean> {
  const { kv, keys } = space;
  const id = await partsOf(jobId);
  return await retry(`Cannot delete job "${jobId}"`, async () => {
    const job = await findJob(space, id);
    if (job === undefined) return false;
    const { versionstamp, head: { life }, record } = job;
    const atomic = kv.atomic()
      .check({ key: keys.head(id), versionstamp })
      .set(keys.ended(life), 0)
      .delete(keys.head(id))
      .delete(keys.age(record.createdAt, id))
      .delete(keys.mail(id))
      .delete(keys.inbox(life))
      .delete(keys.snapshot(life));
    for (const key of await indexKeys(space, id, record)) atomic.delete(key);
    const isGone = async () => (await kv.get<StoredHead>(keys.head(id))).value?.life !== life;
    if (!await commit(atomic, isGone)) return AGAIN;
    await tidy(() => clearEnded(space));
    return true;
  });
}

/** Does cleaning work; a failure is ignored, because a later call repeats it. */
export async function tidy(work: () => Promise<void>): Promise<void> {
  await work().catch(() => {});
}

/** Removes the data of other attempts to create a job that now exists. */
async function clearAttempts({ kv, keys }: KvSpace, id: KvKey): Promise<void> {
  const { length } = keys.making(id, "");
  for await (const { key } of kv.list({ prefix: keys.making(id) })) {
    // A longer key belongs to another id that begins with the same parts.
    const life = key.at(-1);
    if (key.length !== length || typeof life !== "string") continue;
    await commitFreely(kv.atomic().delete(key));
    await deleteAll(kv, { prefix: keys.life(life) });
  }
}

/** Removes the data of deleted jobs, also of earlier deletions that were interrupted. */
async function clearEnded({ kv, keys }: KvSpace): Promise<void> {
  for await (const { key } of kv.list({ prefix: keys.ended() })) {
    const life = key.at(-1);
    if (typeof life === "string") await deleteAll(kv, { prefix: keys.life(life) });
    await commitFreely(kv.atomic().delete(key));
  }
}
