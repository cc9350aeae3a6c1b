import type { Job } from "../../job/job.ts";
import type { JobStorage } from "./job_storage.ts";
import type { Journal } from "./journal.ts";
import type { KeptJournal } from "./snapshots.ts";

/**
 * Carries out the commands to a job at rest that this engine has claimed. Then the job is let go, unless one of them has made it go on,
 * as `goesOn` says.
 */
export async function serve(job: Job, storage: JobStorage, stored: KeptJournal, goesOn: () => boolean): Promise<void> {
  const journal = storage.open(job, stored);
  const unregister = storage.register(job, () => {});
  await new Promise<void>((resolve) => {
    const leave = () => {
      unregister();
      resolve();
    };
    journal.subscribe({
      onStored: () => {},
      // The job stays registered meanwhile: otherwise it would be taken for a job that the engine has claimed without knowing.
      onUnread: () => {
        const reading = readAgain(job, storage, journal);
        resolve(reading.then((found) => found && serve(job, storage, found, goesOn)).finally(unregister));
        return reading;
      },
      onLost: (error) => {
        storage.lost(job, error);
        leave();
      },
    });
    void storage.inbox.serve(job, journal).then(async () => {
      if (goesOn() || !await storage.letGo(job, journal, goesOn, leave)) resolve();
    });
  });
}

/**
 * A command has ended the job when its inbox had others that were not read: from now on the job is what is stored. Whoever waits for it is
 * told nothing before.
 */
async function readAgain(job: Job, storage: JobStorage, journal: Journal): Promise<KeptJournal | undefined> {
  const found = await storage.loadAgain(job, journal).catch((error: Error) => {
    storage.notFollowed(job, error);
    storage.lost(job, error);
  });
  if (found !== undefined) job.become(found.job);
  return found ?? undefined;
}
