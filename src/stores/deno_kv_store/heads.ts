import { FencedError } from "../../base/errors.ts";
import type { JobHead, JobRecord } from "../../ports/store.ts";
import { type KvAtomic, type KvEntry, type KvKey, MOST_READ } from "./client.ts";
import { partsOf } from "./keys.ts";
import { commit } from "./commit.ts";
import { type Place, prepareText, readText, type StoredText } from "./texts.ts";

/** The value under a job's head. */
export interface StoredHead {
  /** The key under which all else of the job is. */
  readonly life: string;
  /** The job's revision. */
  readonly revision: number;
  /** The write that has set this: whoever gets no answer can find out. */
  readonly write: string;
  /** The rest of the record, as JSON. */
  readonly rest: StoredText;
}

/** A job as it was found. */
export interface FoundJob {
  /** The parts of keys that stand for its id. */
  readonly id: KvKey;
  /** Of the head. */
  readonly versionstamp: string;
  /** The head as stored. */
  readonly head: StoredHead;
  /** The record in it. */
  readonly record: JobRecord;
}

/** What an attempt returns that found things changing. */
export const AGAIN: unique symbol = Symbol("again");

const MOST_ATTEMPTS = 100;

/** Tries until nobody comes in between. What fails is told with what it was to do. */
export async function retry<T>(action: string, attempt: () => Promise<T | typeof AGAIN>): Promise<T> {
  for (let attempts = 0; attempts < MOST_ATTEMPTS; attempts++) {
    try {
      const result = await attempt();
      if (result !== AGAIN) return result;
    } catch (error) {
      if (error instanceof FencedError) throw error;
      throw new Error(`${action}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
    }
  }
  throw new Error(`${action}: others have changed it ${MOST_ATTEMPTS} times meanwhile, or parts of it are missing`);
}

/** Reads a job's head. */
export async function findJob(place: Place, id: KvKey): Promise<FoundJob | undefined> {
  const { kv, keys } = place;
  return await retry(
    "Cannot read the head of a job",
    async () => await readHead(place, await kv.get<StoredHead>(keys.head(id)), id),
  );
}

/** Reads the records of many jobs; those that are gone are left out. */
export async function findRecords(place: Place, ids: readonly KvKey[]): Promise<JobRecord[]> {
  const { kv, keys } = place;
  const records: JobRecord[] = [];
  for (let first = 0; first < ids.length; first += MOST_READ) {
    const some = ids.slice(first, first + MOST_READ);
    const entries = await kv.getMany<StoredHead[]>(some.map((id) => keys.head(id)));
    for (const [index, entry] of entries.entries()) {
      const id = some[index] ?? [];
      const read = await readHead(place, entry, id);
      const job = read === AGAIN ? await findJob(place, id) : read;
      if (job !== undefined) records.push(job.record);
    }
  }
  return records;
}

async function readHead(
  place: Place,
  entry: KvEntry<StoredHead>,
  id: KvKey,
): Promise<FoundJob | undefined | typeof AGAIN> {
  const { value: head, versionstamp } = entry;
  if (head === null || versionstamp === null) return undefined;
  const text = await readText(place, head.life, head.rest);
  if (text === undefined) return AGAIN;
  const rest: Omit<JobRecord, "revision"> = JSON.parse(text);
  return { id, versionstamp, head, record: toRecord(rest, rest, head.revision) };
}

/** A record with all its properties. */
export function toRecord(
  { jobId, createdAt }: Pick<JobRecord, "jobId" | "createdAt">,
  { flowId, status, wakeAt, owner, epoch, consumed }: JobHead,
  revision: number,
): JobRecord {
  return { flowId, status, wakeAt, owner, epoch, consumed, jobId, createdAt, revision };
}

/** Makes the value for a record; `rest` is what is stored of it, if that has not changed. */
export async function prepareHead(
  place: Place,
  life: string,
  record: JobRecord,
  rest?: StoredText,
): Promise<StoredHead> {
  const { revision, ...others } = record;
  return {
    life,
    revision,
    write: crypto.randomUUID(),
    rest: rest ?? await prepareText(place, life, "head", revision, JSON.stringify(others)),
  };
}

/** Commits a change of a head: false when somebody else has changed it. Without an answer, looks whether it was made. */
export async function commitHead({ kv, keys }: Place, atomic: KvAtomic, id: KvKey, write: string): Promise<boolean> {
  return await commit(atomic, async () => (await kv.get<StoredHead>(keys.head(id))).value?.write === write);
}

/** The keys by which lists find a job. */
export async function indexKeys({ keys }: Place, id: KvKey, { wakeAt, owner }: JobRecord): Promise<KvKey[]> {
  return [
    ...wakeAt === undefined ? [] : [keys.wake(wakeAt, id)],
    ...owner === undefined ? [] : [keys.owner(await partsOf(owner), id)],
  ];
}
