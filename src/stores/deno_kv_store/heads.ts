import { FencedError } from "../../base/errors.ts";
import type { JobHead, JobRecord } from "../../ports/store.ts";
import { headOf } from "../../ports/store_kit.ts";
import { type KvAtomic, type KvEntry, type KvKey, MOST_READ } from "./client.ts";
import { partsOf } from "./keys.ts";
import { commit } from "./commit.ts";
import { type KvSpace, prepareText, readText, type StoredText } from "./texts.ts";

/** The value of a job's key. */
export interface StoredHead {
  /**
   * The id of the job's life: the data of a job from its creation to its deletion. A job that is created again gets
   * another one.
   */
  readonly life: string;
  /** The job's revision. */
  readonly revision: number;
  /** A random id of the write, by which a writer that got no answer recognizes its own write. */
  readonly write: string;
  /** The other fields of the record, as JSON. */
  readonly rest: StoredText;
}

/** A job's head as it was read. */
export interface FoundJob {
  /** The job's id as parts of a key. */
  readonly id: KvKey;
  /** The versionstamp of the head. */
  readonly versionstamp: string;
  /** The head as stored. */
  readonly head: StoredHead;
  /** The record in the head. */
  readonly record: JobRecord;
}

/** Returned by an attempt that met a concurrent change; the attempt is repeated. */
export const AGAIN: unique symbol = Symbol("again");

const MOST_ATTEMPTS = 100;

/** Repeats an attempt while it returns `AGAIN`. Its errors get `action` as the beginning of their message. */
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
  throw new Error(`${action}: it was changed concurrently ${MOST_ATTEMPTS} times, or parts of it are missing`);
}

/** Reads a job's head. */
export async function findJob(space: KvSpace, id: KvKey): Promise<FoundJob | undefined> {
  const { kv, keys } = space;
  return await retry(
    "Cannot read the head of a job",
    async () => await readHead(space, await kv.get<StoredHead>(keys.head(id)), id),
  );
}

/** Reads the records of many jobs; jobs that are gone are left out. */
export async function findRecords(space: KvSpace, ids: readonly KvKey[]): Promise<JobRecord[]> {
  const { kv, keys } = space;
  const records: JobRecord[] = [];
  for (let first = 0; first < ids.length; first += MOST_READ) {
    const some = ids.slice(first, first + MOST_READ);
    const entries = await kv.getMany<StoredHead[]>(some.map((id) => keys.head(id)));
    for (const [index, entry] of entries.entries()) {
      const id = some[index] ?? [];
      const read = await readHead(space, entry, id);
      const job = read === AGAIN ? await findJob(space, id) : read;
      if (job !== undefined) records.push(job.record);
    }
  }
  return records;
}

async function readHead(
  space: KvSpace,
  entry: KvEntry<StoredHead>,
  id: KvKey,
): Promise<FoundJob | undefined | typeof AGAIN> {
  const { value: head, versionstamp } = entry;
  if (head === null || versionstamp === null) return undefined;
  const text = await readText(space, head.life, head.rest);
  if (text === undefined) return AGAIN;
  const rest: Omit<JobRecord, "revision"> = JSON.parse(text);
  return { id, versionstamp, head, record: toRecord(rest, rest, head.revision) };
}

/** Makes a record with every property present. */
export function toRecord(
  { jobId, createdAt }: Pick<JobRecord, "jobId" | "createdAt">,
  head: JobHead,
  revision: number,
): JobRecord {
  return { ...headOf(head), jobId, createdAt, revision };
}

/** Makes the value for a record. `rest` is the stored text of the other fields, if these have not changed. */
export async function prepareHead(
  space: KvSpace,
  life: string,
  record: JobRecord,
  rest?: StoredText,
): Promise<StoredHead> {
  const { revision, ...others } = record;
  return {
    life,
    revision,
    write: crypto.randomUUID(),
    rest: rest ?? await prepareText(space, life, "head", revision, JSON.stringify(others)),
  };
}

/**
 * Commits a change of a head. Returns false when somebody else has changed it. After an error, checks whether the
 * change was made.
 */
export async function commitHead({ kv, keys }: KvSpace, atomic: KvAtomic, id: KvKey, write: string): Promise<boolean> {
  return await commit(atomic, async () => (await kv.get<StoredHead>(keys.head(id))).value?.write === write);
}

/** Returns the index keys by which `due` finds a job. */
export async function indexKeys({ keys }: KvSpace, id: KvKey, { wakeAt, owner }: JobRecord): Promise<KvKey[]> {
  return [
    ...wakeAt === undefined ? [] : [keys.wake(wakeAt, id)],
    ...owner === undefined ? [] : [keys.owner(await partsOf(owner), id)],
  ];
}
