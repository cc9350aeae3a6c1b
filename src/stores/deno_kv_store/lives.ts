import type { NewJob } from "../../ports/store.ts";
import type { KvKey } from "./client.ts";
import { commit, commitFreely } from "./commit.ts";
import { AGAIN, commitHead, findJob, indexKeys, prepareHead, retry, type StoredHead, toRecord } from "./heads.ts";
import { partsOf } from "./keys.ts";
import { deleteAll, isLong, type Place, prepareText, type StoredText } from "./texts.ts";

/** The value under a job's snapshot. */
export interface StoredSnapshot {
  /** The revision of the snapshot. */
  readonly revision: number;
  /** The text of the job's document. */
  readonly text: StoredText;
}

/** Creates a job; false when there is one of its id. */
export async function createJob(place: Place, job: NewJob): Promise<boolean> {
  const { kv, keys } = place;
  const id = await partsOf(job.jobId);
  const record = toRecord(job, job.head, 0);
  const isInParts = [job.flow, job.snapshot, JSON.stringify(record)].some(isLong);
  return await retry(`Cannot create job "${job.jobId}"`, async () => {
    if ((await kv.get(keys.head(id))).value !== null) return false;
    const life = crypto.randomUUID();
    const making = keys.making(id, life);
    // Whoever creates the job clears away what others have begun, and those take note.
    if (isInParts) await commitFreely(kv.atomic().set(making, 0));
    const { versionstamp } = await kv.get(making);
    const flow = await prepareText(place, life, "flow", 0, job.flow);
    const snapshot: StoredSnapshot = { revision: 0, text: await prepareText(place, life, "snapshot", 0, job.snapshot) };
    const head = await prepareHead(place, life, record);
    const atomic = kv.atomic()
      .check({ key: keys.head(id), versionstamp: null })
      .check({ key: making, versionstamp })
      .delete(making)
      .set(keys.head(id), head)
      .set(keys.age(record.createdAt, id), 0)
      .set(keys.flow(life), flow)
      .set(keys.snapshot(life), snapshot)
      .set(keys.inbox(life), 0);
    for (const key of await indexKeys(place, id, record)) atomic.set(key, 0);
    const isMade = await commitHead(place, atomic, id, head.write);
    if (isInParts) await tidy(() => clearAttempts(place, id));
    return isMade ? true : AGAIN;
  });
}

/** Removes a job; false when there is none. */
export async function deleteJob(place: Place, jobId: string): Promise<boolean> {
  const { kv, keys } = place;
  const id = await partsOf(jobId);
  return await retry(`Cannot delete job "${jobId}"`, async () => {
    const job = await findJob(place, id);
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
    for (const key of await indexKeys(place, id, record)) atomic.delete(key);
    const isGone = async () => (await kv.get<StoredHead>(keys.head(id))).value?.life !== life;
    if (!await commit(atomic, isGone)) return AGAIN;
    await tidy(() => clearEnded(place));
    return true;
  });
}

/** Does what can be done later as well: the next one does it if it fails. */
export async function tidy(work: () => Promise<void>): Promise<void> {
  await work().catch(() => {});
}

/** Clears away all that was begun for a job that is there now. */
async function clearAttempts({ kv, keys }: Place, id: KvKey): Promise<void> {
  const { length } = keys.making(id, "");
  for await (const { key } of kv.list({ prefix: keys.making(id) })) {
    // A longer one belongs to an id that begins like this one.
    const life = key.at(-1);
    if (key.length !== length || typeof life !== "string") continue;
    await commitFreely(kv.atomic().delete(key));
    await deleteAll(kv, { prefix: keys.life(life) });
  }
}

/** Clears away all that belonged to jobs that were deleted, also where that was cut short. */
async function clearEnded({ kv, keys }: Place): Promise<void> {
  for await (const { key } of kv.list({ prefix: keys.ended() })) {
    const life = key.at(-1);
    if (typeof life === "string") await deleteAll(kv, { prefix: keys.life(life) });
    await commitFreely(kv.atomic().delete(key));
  }
}
