import { FencedError } from "../../base/errors.ts";
import type { JobHead, StoredJob } from "../../ports/store.ts";
import { type KvKey, LAST } from "./client.ts";
import { commit } from "./commit.ts";
import { AGAIN, commitHead, findJob, type FoundJob, indexKeys, prepareHead, retry, toRecord } from "./heads.ts";
import { partsOf } from "./keys.ts";
import { type StoredSnapshot, tidy } from "./lives.ts";
import { deleteAll, dropText, idOf, type Place, prepareText, readText, type StoredText } from "./texts.ts";

/** The value under the entries of an append. */
interface StoredEntries {
  /** The revision before them. */
  readonly from: number;
  /** Their texts, as a JSON list. */
  readonly texts: StoredText;
}

/** Reads all of a job. */
export async function loadJob(place: Place, jobId: string): Promise<StoredJob | undefined> {
  const { kv, keys } = place;
  const id = await partsOf(jobId);
  return await retry(`Cannot load job "${jobId}"`, async () => {
    const job = await findJob(place, id);
    if (job === undefined) return undefined;
    const { head: { life }, record } = job;
    const [snapshot, flow] = await kv.getMany<[StoredSnapshot, StoredText]>([keys.snapshot(life), keys.flow(life)]);
    if (snapshot.value === null || flow.value === null) return AGAIN;
    const { revision } = snapshot.value;
    const text = await readText(place, life, snapshot.value.text);
    const flowText = await readText(place, life, flow.value);
    // Both were read after the head: the snapshot may be a later one.
    const entries = revision > record.revision ? undefined : await readEntries(place, job, revision);
    if (text === undefined || flowText === undefined || entries === undefined) return AGAIN;
    return { record, flow: flowText, snapshot: text, snapshotRevision: revision, entries };
  });
}

/** Adds entries. */
export async function appendEntries(
  place: Place,
  jobId: string,
  expectedRevision: number,
  entries: readonly string[],
  head: JobHead | undefined,
): Promise<void> {
  const { kv, keys } = place;
  const id = await partsOf(jobId);
  const revision = expectedRevision + entries.length;
  await retry(`Cannot append to job "${jobId}"`, async () => {
    const job = await findJob(place, id);
    if (job?.record.revision !== expectedRevision) {
      throw new FencedError(jobId, expectedRevision, job?.record.revision);
    }
    const { head: { life, rest }, record, versionstamp } = job;
    const later = toRecord(record, head ?? record, revision);
    const texts = await prepareText(place, life, "entry", expectedRevision, JSON.stringify(entries));
    const stored: StoredEntries = { from: expectedRevision, texts };
    const laterHead = await prepareHead(place, life, later, head === undefined ? rest : undefined);
    const atomic = kv.atomic()
      .check({ key: keys.head(id), versionstamp })
      .set(keys.head(id), laterHead)
      .set(keys.entries(life, revision), stored);
    const [before, after] = [await indexKeys(place, id, record), await indexKeys(place, id, later)];
    if (head !== undefined) { for (const key of before) atomic.delete(key); }
    if (head !== undefined) { for (const key of after) atomic.set(key, 0); }
    if (later.consumed !== record.consumed) {
      const key = keys.inbox(life);
      const inbox = await kv.get<number>(key);
      atomic.check({ key, versionstamp: inbox.versionstamp });
      if ((inbox.value ?? 0) > later.consumed) atomic.set(keys.mail(id), 0);
      else atomic.delete(keys.mail(id));
    }
    const isMade = await commitHead(place, atomic, id, laterHead.write);
    const unused = isMade ? [rest] : [texts, laterHead.rest];
    // Without a head the rest of the record stays as it is.
    for (const text of unused) if (head !== undefined || text === texts) await tidy(() => dropText(place, life, text));
    return isMade ? undefined : AGAIN;
  });
}

/** Takes a snapshot in the place of the entries before it. */
export async function compactJob(place: Place, jobId: string, revision: number, snapshot: string): Promise<void> {
  const { kv, keys } = place;
  const id = await partsOf(jobId);
  await retry(`Cannot compact job "${jobId}"`, async () => {
    const job = await findJob(place, id);
    if (job === undefined || revision > job.record.revision) return;
    const { life } = job.head;
    const key = keys.snapshot(life);
    const { value, versionstamp } = await kv.get<StoredSnapshot>(key);
    if (value === null) return AGAIN;
    if (revision <= value.revision) return;
    const text = await prepareText(place, life, "snapshot", revision, snapshot);
    const later: StoredSnapshot = { revision, text };
    const atomic = kv.atomic().check({ key, versionstamp }).set(key, later);
    const isThere = async () => (await kv.get<StoredSnapshot>(key)).value?.revision === revision;
    const isMade = await commit(atomic, isThere);
    await tidy(() => dropText(place, life, isMade ? value.text : text));
    if (isMade) await tidy(() => clearBefore(place, job, later));
    return isMade ? undefined : AGAIN;
  });
}

/** The texts of the entries after a revision; `undefined` when they are not all there. */
async function readEntries(place: Place, job: FoundJob, after: number): Promise<string[] | undefined> {
  const { head: { life }, record: { revision } } = job;
  const texts: string[] = [];
  let last = after;
  for await (const { value } of place.kv.list<StoredEntries>(entriesBetween(place, life, after, revision))) {
    const text = value === null ? undefined : await readText(place, life, value.texts);
    if (value === null || text === undefined || value.from > last) return undefined;
    const some: string[] = JSON.parse(text);
    texts.push(...some.slice(last - value.from));
    last = value.from + some.length;
  }
  return last === revision ? texts : undefined;
}

/** The appends that led beyond a revision, and up to another. */
function entriesBetween({ keys }: Place, life: string, after: number, upTo: number): { start: KvKey; end: KvKey } {
  return { start: [...keys.entries(life, after), LAST], end: [...keys.entries(life, upTo), LAST] };
}

/**
 * Clears away what a snapshot has made useless, and what was begun before it and cannot be finished any more: an append, or
 * another snapshot, that knows an earlier revision only.
 */
async function clearBefore(
  place: Place,
  { head, record }: FoundJob,
  { revision, text }: StoredSnapshot,
): Promise<void> {
  const { kv, keys } = place;
  const { life } = head;
  const kept = new Set([idOf(text), idOf(head.rest)]);
  for await (const { value } of kv.list<StoredEntries>(entriesBetween(place, life, revision, record.revision))) {
    if (value !== null && value.from < revision) kept.add(idOf(value.texts));
  }
  await deleteAll(kv, { start: keys.entries(life), end: [...keys.entries(life, revision), LAST] });
  const isUseless = (key: KvKey) => !kept.has(String(key.at(-2)));
  for (const kind of ["entry", "head", "snapshot"] as const) {
    // Another snapshot of the same revision has come too late.
    const end = kind === "snapshot" ? [...keys.part(life, kind, revision), LAST] : keys.part(life, kind, revision);
    await deleteAll(kv, { start: keys.part(life, kind), end }, isUseless);
  }
}
