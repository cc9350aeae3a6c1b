import { StateError } from "./base/errors.ts";
import { checkName } from "./base/options.ts";
import { readStored } from "./documents/stored_job.ts";
import { placeOf } from "./engine/durable/place.ts";
import { hasEnded } from "./job/job.ts";
import type { IdSource } from "./ports/ids.ts";
import type { JobRecord, Store, StoredJob } from "./ports/store.ts";

/** The options of `forkStored`. */
export interface StoredForkOptions {
  /** The id of the new job. @default {a new one} */
  readonly jobId?: string | undefined;
  /** Makes ids. */
  readonly ids: IdSource;
  /** The current time, in milliseconds since 1970. */
  readonly now: number;
}

/**
 * Stores a new job in the state that another one had at a revision, for whoever takes it. It needs none of the job's classes.
 *
 * @throws {RangeError} for a revision that the store has not kept, and an id that is too long
 * @throws {StateError} when the job had ended by then, or waits for children, or the new id is taken
 * @throws {TypeError} for an id that is no name
 */
export async function forkStored(
  store: Store,
  stored: StoredJob,
  revision: number,
  { ids, jobId: wanted, now }: StoredForkOptions,
): Promise<JobRecord> {
  const { createdAt, flowHash, flowId, jobId, priority, queue, tags } = stored.record;
  // The parent waits for the other one.
  const { job: { parent: _, ...job }, state } = readStored(stored, revision);
  const isEnded = hasEnded(state.status);
  if (isEnded || state.children !== undefined) {
    const what = isEnded ? "had ended" : "waits for children, which tell it alone,";
    const why = `job ${JSON.stringify(jobId)} ${what} at revision ${revision}; choose another one`;
    throw new StateError("fork", state.status, why, isEnded ? "ended" : undefined);
  }
  const id = wanted === undefined ? ids.id() : checkName("Cannot fork a job", "jobId", wanted);
  const [answer] = await store.create([{
    ...{ createdAt, flowHash, flowId, priority, queue, tags, parentId: undefined, flow: stored.flow },
    ...placeOf(state, now),
    jobId: id,
    token: ids.id(),
    snapshot: JSON.stringify({ ...job, jobId: id }),
    claim: undefined,
  }]);
  if (answer?.isNew === true) return answer.record;
  throw new StateError(
    "fork",
    "taken",
    `the store has a job ${JSON.stringify(id)} already; choose another id`,
    "taken",
  );
}
