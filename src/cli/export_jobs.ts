import type { Store } from "../ports/store.ts";
import { isHeld, type ListPosition } from "../ports/store_kit.ts";
import { type ExportedJob, exportJob, UNFINISHED } from "./exported_job.ts";
import { CommandError, EXIT } from "./failure.ts";

/** A job to be written, and whether an engine works on it at the moment. */
export interface FoundJob {
  /** The line. */
  readonly job: ExportedJob;
  /** Whether an engine has the job: it goes on in the exported store. */
  readonly isHeld: boolean;
}

/** How many jobs are asked for at once: a store may answer for them together. */
const AT_ONCE = 50;

/**
 * Reads all jobs of a store, oldest first, a few at a time.
 *
 * @param after only jobs that come after this one. Jobs of one instant have another order in each store: if that job is not there any more,
 * all of its instant are read again
 * @param now the current time, in milliseconds since 1970
 * @throws {CommandError} for a job that an interrupted import has left half there
 */
export async function* exportJobs(
  store: Store,
  after: ListPosition | undefined,
  now: () => number,
): AsyncGenerator<FoundJob, void, undefined> {
  const last = after && await store.find(after.jobId);
  let isAfter = after === undefined;
  let cursor: string | undefined;
  do {
    const page = await store.list({ cursor, limit: AT_ONCE });
    const records = page.jobs.filter((record) => {
      if (isAfter || after === undefined) return true;
      isAfter = record.createdAt > after.createdAt || (last === undefined && record.createdAt === after.createdAt);
      if (isAfter) return true;
      isAfter = record.jobId === after.jobId;
      return false;
    });
    for (const stored of await Promise.all(records.map(async ({ jobId }) => await store.load(jobId)))) {
      // It was deleted since it was listed.
      if (stored === undefined) continue;
      if (stored.snapshot === UNFINISHED) {
        const id = JSON.stringify(stored.record.jobId);
        throw new CommandError(
          EXIT.store,
          `job ${id} is only half there: its import was interrupted; run that import again`,
        );
      }
      const { consumed, sent } = stored.record;
      const { commands } = sent > consumed ? await store.inbox(stored.record, consumed, now()) : { commands: [] };
      yield { job: exportJob(stored, commands), isHeld: isHeld(stored.record, now()) };
    }
    cursor = page.cursor;
  } while (cursor !== undefined);
}
