import { FencedError } from "../../base/errors.ts";
import type { JobHead, StoredJob } from "../../ports/store.ts";
import { type KvKey, LAST } from "./client.ts";
import { commit } from "./commit.ts";
import { AGAIN, commitHead, findJob, type FoundJob, indexKeys, prepareHead, retry, toRecord } from "./heads.ts";
import { partsOf } from "./keys.ts";
import { type StoredSnapshot, tidy } from "./lives.ts";
import { deleteAll, dropText, idOf, type KvSpace, prepareText, readText, type StoredText } from "./texts.ts";

/** The value of a key that holds the entries of one append. */
interface StoredEntries {
  /** The revision before the entries. */
  readonly from: number;
  /** The entries, as a JSON list. */
  readonly texts: StoredText;
}

/** Reads a whole job. */
export async function loadJob(space: KvSpace, jobId: string): Promise<StoredJob | undefined> {
  const { kv, keys } = space;
  const id = await partsOf(jobId);
  return await retry(`Cannot load job "${jobId}"`, async () => {
    const job = await findJob(space, id);
    if (job === undefined) return undefined;
    const { head: { life }, record } = job;
    const [snapshot, flow] = await kv.getMany<[StoredSnapshot, StoredText]>([keys.snapshot(life), keys.flow(life)]);
    if (snapshot.value === null || flow.value === null) return AGAIN;
    const { revision } = snapshot.value;
    const text = await readText(space, life, snapshot.value.text);
    const flowText = await readText(space, life, flow.value);
    // The snapshot was read after the head, so it may be newer.
    const entries = revision > record.revision ? undefined : await readEntries(space, job, revision);
    if (text === undefined || flowText === undefined || entries === undefined) return AGAIN;
    return { record, flow: flowText, snapshot: text, snapshotRevision: revision, entries };
  });
}

/** Appends entries. */
export async function appendEntries(
  space: KvSpace,
  jobId: string,
  expectedRevision: number,
  entries: readonly string[],
  head: JobHead | undefined,
): Promise<void> {
  const { kv, keys } = space;
  const id = await partsOf(jobId);
  const revision = expectedRevision + entries.length;
  await retry(`Cannot append to job "${jobId}"`, async () => {
    const job = await findJob(space, id);
    if (job?.record.revision !== expectedRevision) {
      throw new FencedError(jobId, expectedRevision, job?.record.revision);
    }
    const { head: { life, rest }, record, versionstamp } = job;
    const later = toRecord(record, head ?? record, revision);
    const texts = await prepareText(space, life, "entry", expectedRevision, JSON.stringify(entries));
    const stored: StoredEntries = { from: expectedRevision, texts };
    const laterHead = await prepareHead(space, life, later, head === undefined ? rest : undefined);
    const atomic = kv.atomic()
      .check({ key: keys.head(id), versionstamp })
      .set(keys.head(id), laterHead)
      .set(keys.entries(life, revision), stored);
    const [before, after] = [await indexKeys(space, id, record), await indexKeys(space, id, later)];
    if (head !== undefined) { for (const key of before) atomic.delete(key); }
    if (head !== undefined) { for (const key of after) atomic.set(key, 0); }
    if (later.consumed !== record.consumed) {
      const key = keys.inbox(life);
      const inbox = await kv.get<number>(key);
      atomic.check({ key, versionstamp: inbox.versionstamp });
      if ((inbox.value ?? 0) > later.consumed) atomic.set(keys.mail(id), 0);
      else atomic.delete(keys.mail(id));
    }
    const isMade = await commitHead(space, atomic, id, laterHead.write);
    const unused = isMade ? [rest] : [texts, laterHead.rest];
    // Without a new head the other fields are unchanged, and their text is still in use.
    for (const text of unused) if (head !== undefined || text === texts) await tidy(() => dropText(space, life, text));
    return isMade ? undefined : AGAIN;
  });
}

/** Replaces the snapshot, and removes the entries up to it. */
export async function compactJob(space: KvSpace, jobId: string, revision: number, snapshot: string): Promise<void> {
  const { kv, keys } = space;
  const id = await partsOf(jobId);
  await retry(`Cannot compact job "${jobId}"`, async () => {
    const job = await findJob(space, id);
    if (job === undefined || revision > job.record.revision) return;
    const { life } = job.head;
    const key = keys.snapshot(life);
    const { value, versionstamp } = await kv.get<StoredSnapshot>(key);
    if (value === null) return AGAIN;
    if (revision <= value.revision) return;
    const text = await prepareText(space, life, "snapshot", revision, snapshot);
    const later: StoredSnapshot = { revision, text };
    const atomic = kv.atomic().check({ key, versionstamp }).set(key, later);
    const isThere = async () => (await kv.get<StoredSnapshot>(key)).value?.revision === revision;
    const isMade = await commit(atomic, isThere);
    await tidy(() => dropText(space, life, isMade ? value.text : text));
    if (isMade) await tidy(() => clearBefore(space, job, later));
    return isMade ? undefined : AGAIN;
  });
}

/** Reads the entries after a revision; `undefined` when some are missing. */
async function readEntries(space: KvSpace, job: FoundJob, after: number): Promise<string[] | undefined> {
  const { head: { life }, record: { revision } } = job;
  const texts: string[] = [];
  let last = after;
  for await (const { value } of space.kv.list<StoredEntries>(entriesBetween(space, life, after, revision))) {
    const text = value === null ? undefined : await readText(space, life, value.texts);
    if (value === null || text === undefined || value.from > last) return undefined;
    const some: string[] = JSON.parse(text);
    texts.push(...some.slice(last - value.from));
    last = value.from + some.length;
  }
  return last === revision ? texts : undefined;
}

/** Selects the appends that ended after one revision, and at most at another. */
function entriesBetween({ keys }: KvSpace, life: string, after: number, upTo: number): { start: KvKey; end: KvKey } {
  return { start: [...keys.entries(life, after), LAST], end: [...keys.entries(life, upTo), LAST] };
}

/**
 * Removes what a snapshot replaces, and the parts of interrupted writes that can no longer be completed: an append or a
 * snapshot that expects an earlier revision.
 */
async function clearBefore(
  space: KvSpace,
  { head, record }: FoundJob,
  { revision, text }: StoredSnapshot,
): Promise<void> {
  const { kv, keys } = space;
  const { life } = head;
  const kept = new Set([idOf(text), idOf(head.rest)]);
  for await (const { value } of kv.list<StoredEntries>(entriesBetween(space, life, revision, record.revision))) {
    if (value !== null && value.from < revision) kept.add(idOf(value.texts));
  }
  await deleteAll(kv, { start: keys.entries(life), end: [...keys.entries(life, revision), LAST] });
  const isUseless = (key: KvKey) => !kept.has(String(key.at(-2)));
  for (const kind of ["entry", "head", "snapshot"] as const) {
    // A concurrent snapshot of the same revision has lost.
    const end = kind === "snapshot" ? [...keys.part(life, kind, revision), LAST] : keys.part(life, kind, revision);
    await deleteAll(kv, { start: keys.part(life, kind), end }, isUseless);
  }
}
