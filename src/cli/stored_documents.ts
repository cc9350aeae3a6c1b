import { readFlowDocument } from "../documents/flow.ts";
import type { FlowDocument } from "../documents/flow_schema.ts";
import { encodeJob, type JobDocument } from "../documents/job.ts";
import { Replay } from "../documents/replay.ts";
import type { Job } from "../job/job.ts";
import { DEFAULT_FLOW_LIMITS } from "../model/flow_limits.ts";
import type { Store, StoredJob } from "../ports/store.ts";
import { CommandError, EXIT } from "./failure.ts";

/** A job in a store, by its documents: none of its classes is needed. */
export interface StoredDocuments {
  readonly flow: FlowDocument;
  readonly job: JobDocument;
  /** The job itself, inert. */
  readonly state: Job;
}

/**
 * Loads a job.
 *
 * @throws {CommandError} when the store has none of this id
 */
export async function loadJob(store: Store, jobId: string): Promise<StoredJob> {
  const stored = await store.load(jobId);
  if (stored === undefined) throw noSuchJob(jobId);
  return stored;
}

/** The failure for an id of which the store has no job. */
export function noSuchJob(jobId: string): CommandError {
  return new CommandError(
    EXIT.store,
    `the store has no job ${JSON.stringify(jobId)}; routilux jobs list shows those that it has`,
  );
}

/**
 * Reads the documents of a stored job, as it was at a revision.
 *
 * @param revision the number of entries that the journal had; the present state without it
 * @throws {CommandError} for a revision that the store has not kept
 * @throws {SerializationError} when the stored texts are damaged
 */
export function readStored(stored: StoredJob, revision: number = stored.record.revision): StoredDocuments {
  const { entries, record, snapshot, snapshotRevision } = stored;
  if (revision < snapshotRevision || revision > record.revision) {
    const kept = `its revisions ${snapshotRevision} to ${record.revision} are kept`;
    throw new CommandError(EXIT.store, `job ${JSON.stringify(record.jobId)} has no revision ${revision}: ${kept}`);
  }
  const flow = readFlowDocument(JSON.parse(stored.flow));
  const replay = new Replay(snapshot, { ...DEFAULT_FLOW_LIMITS, ...flow.limits });
  for (const entry of entries.slice(0, revision - snapshotRevision)) replay.apply(entry);
  const state = replay.finish();
  return { flow, job: encodeJob(state), state };
}
