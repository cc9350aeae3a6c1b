import type { AppendHead, JobClaim, JobLife, ReplacedFlow, StoredJob } from "../../ports/store.ts";
import { appendTo, checkAppend, checkClaim, endsUnread, type KeptRecord } from "../../ports/store_kit.ts";
import { notesOf } from "./inbox.ts";
import { trimLog } from "./log.ts";
import { LAST, numberName } from "./names.ts";
import type { Leases } from "./leases.ts";
import { refusalTexts } from "./notes.ts";
import { dataOf, type Located } from "./records.ts";
import type { Space } from "./space.ts";
import type { JobState } from "./state.ts";
import { partsOf, quietly } from "./values.ts";

/** An append: the job's record before it and after it, unless it was refused because of unread commands. */
export interface Appended {
  /** The answer. */
  readonly answer: "stored" | "unread";
  /** The record before. */
  readonly before: KeptRecord;
  /** The record after. */
  readonly after: KeptRecord;
}

/** Reads the documents and entries that a job refers to. */
export async function readJob(
  { values, logs }: Space,
  { state }: Located<JobState>,
  leases: Leases,
): Promise<StoredJob> {
  const { record, snapshotRevision, journal } = state;
  const [flow, snapshot, entries] = await Promise.all([
    values.read(state.flow),
    values.read(state.snapshot),
    logs.read(journal, snapshotRevision),
  ]);
  return { record: await leases.read(record), flow, snapshot, snapshotRevision, entries };
}

/** Appends entries. */
export async function appendEntries(
  space: Space,
  claim: JobClaim,
  expectedRevision: number,
  entries: readonly string[],
  head: AppendHead | undefined,
): Promise<Appended> {
  const { records, logs, recent } = space;
  const { jobId, life, epoch } = claim;
  let located = recent.take(jobId);
  const { record: known } = located?.state ?? {};
  const isKnown = known?.life === life && known.epoch === epoch && known.revision === expectedRevision;
  if (!isKnown) located = await records.find(jobId);
  for (;; located = await records.find(jobId)) {
    const before = located?.state.record;
    checkAppend(before, claim, expectedRevision, entries, head);
    // Unreachable: the check has found its record.
    if (located === undefined) continue;
    if (endsUnread(before, head)) return { answer: "unread", before, after: before };
    const { name, state } = located;
    const after = appendTo(before, entries, head);
    const { result: journal, puts } = logs.add(state.journal, `${dataOf(life)}/e`, entries);
    const isConsumed = after.consumed > before.consumed;
    const notes = isConsumed
      ? await records.read(located, (it) => notesOf(space, it, after.consumed, head?.at ?? 0))
      : [];
    const inbox = isConsumed ? trimLog(state.inbox, after.consumed) : state.inbox;
    const refused = head === undefined ? [] : refusalTexts(before, head);
    const { result: refusals, puts: more } = logs.add(state.refusals, `${dataOf(life)}/r`, refused);
    const isNews = head?.endedAt !== undefined || head?.releases === true;
    const next = { ...state, record: after, journal, inbox, refusals };
    const appended = await records.swing(name, located, next, { puts: [...puts, ...more], notes, isNews });
    if (appended === undefined) continue;
    recent.put(appended);
    return { answer: "stored", before, after };
  }
}

/** Replaces the snapshot, and removes the entries up to it. */
export async function compactJob(
  space: Space,
  { jobId, life }: JobLife,
  revision: number,
  snapshot: string,
): Promise<void> {
  const { records, values, ids, recent } = space;
  const data = dataOf(life);
  const { result, puts } = values.prepare(`${data}/s/${numberName(revision)}/${ids.id()}`, snapshot);
  for (;;) {
    const located = await records.find(jobId, life);
    if (located === undefined) return;
    const { name, state } = located;
    if (revision <= state.snapshotRevision || revision > state.record.revision) return;
    const journal = trimLog(state.journal, revision);
    const next = { ...state, journal, snapshot: result, snapshotRevision: revision };
    const compacted = await records.swing(name, located, next, { puts });
    if (compacted === undefined) continue;
    if (recent.take(jobId) !== undefined) recent.put(compacted);
    return await quietly(() => sweep(space, compacted.state));
  }
}

/**
 * Replaces a job's flow and its snapshot, and drops its entries.
 *
 * @throws {FencedError} when the claim or the revision is not the present one
 */
export async function replaceFlow(
  space: Space,
  claim: JobClaim,
  expectedRevision: number,
  replaced: ReplacedFlow,
): Promise<void> {
  const { records, values, ids, client } = space;
  const { jobId, life } = claim;
  const [data, id] = [dataOf(life), ids.id()];
  const flow = values.prepare(`${data}/f/${id}`, replaced.flow);
  const snapshot = values.prepare(`${data}/s/${numberName(expectedRevision)}/${id}`, replaced.snapshot);
  space.recent.take(jobId);
  for (;;) {
    const located = await records.find(jobId);
    const before = located?.state.record;
    checkClaim(before, claim, expectedRevision);
    // Unreachable: the check has found its record.
    if (located === undefined) continue;
    const { name, state } = located;
    const moved = await records.swing(name, located, {
      ...state,
      ...{ record: { ...before, flowHash: replaced.flowHash }, flow: flow.result, snapshot: snapshot.result },
      ...{ snapshotRevision: expectedRevision, journal: trimLog(state.journal, expectedRevision) },
    }, { puts: [...flow.puts, ...snapshot.puts] });
    if (moved === undefined) continue;
    return await quietly(async () => {
      await client.remove([...partsOf(state.flow), ...partsOf(state.snapshot)]);
      await sweep(space, moved.state);
    });
  }
}

/**
 * Removes values of a job that its state does not refer to, nor ever will: those that a snapshot replaces, those of consumed
 * commands, and those of writers that died or came too late. A key tells which: entries up to the snapshot's revision, snapshots
 * before it, and states before the present one are outdated, whoever wrote them. Later values may belong to a write in progress, and
 * another snapshot of the same revision to one that has replaced this one since.
 */
async function sweep({ client }: Space, { record, snapshot, snapshotRevision, turn, write }: JobState): Promise<void> {
  const data = `${dataOf(record.life)}/`;
  const names = await client.names(data);
  const upTo = {
    ...{ e: numberName(snapshotRevision) + LAST, s: numberName(snapshotRevision) },
    ...{ c: numberName(record.consumed) + LAST, h: numberName(turn) + LAST },
  };
  const kept = [`${snapshot.key}/`, `${data}h/${numberName(turn)}/${write}/`];
  const keys: string[] = [];
  for (const [kind, last] of Object.entries(upTo)) {
    for await (const key of names(`${data}${kind}/`, `${data}${kind}/${last}`)) {
      if (!kept.some((start) => key.startsWith(start))) keys.push(key);
    }
  }
  await client.remove(keys);
}
