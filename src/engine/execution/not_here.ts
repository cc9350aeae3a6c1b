import type { Job } from "../../job/job.ts";
import type { StoreSession } from "../durable/store_session.ts";

/** Why a job of the store is not reached by a call here, and what reaches it. */
export function notHere(job: Job, session: StoreSession): string {
  const record = session.records.get(job);
  const owner = record && session.elsewhere(record);
  const live = session.liveJob(job.jobId);
  const place = owner !== undefined
    ? `it is live in the engine of owner "${owner}"`
    : live !== undefined && live !== job
    ? "it is live here, as another JobState"
    : session.losses.has(job)
    ? "it could not be started or read here, and may be in the store all the same"
    : "it is in the store, and not live here";
  return `${place}; engine.handle("${job.jobId}") reaches it wherever it is`;
}
