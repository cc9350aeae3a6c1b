import { PoisonError } from "../../base/errors.ts";
import { describeError } from "../../values/error_data.ts";
import type { StatusCommit } from "../../job/commit.ts";
import type { Task } from "../../job/task.ts";
import { slotOf } from "../activation/plan.ts";
import type { JobStorage } from "../durable/job_storage.ts";
import type { Journal } from "../durable/journal.ts";
import type { Execution } from "./execution.ts";

/** The start of a job of an engine with a store. */
export interface StoredStart {
  readonly storage: JobStorage;
  readonly execution: Execution;
  /** The commit by which the job goes on. */
  readonly first: StatusCommit;
  /** Makes that commit anew, when the state that the store has of this id has replaced the state of a job that was made here. */
  readonly firstAgain: () => StatusCommit;
}

/** Starts a job of a store: it begins when the store has it, claimed by this engine. */
export function startStored(start: StoredStart): void {
  const { storage, execution, first } = start;
  storage.register(execution.job);
  const journal = storage.journalOf(execution.job);
  if (journal !== undefined) claim(start, journal, first);
  else void enter(start).catch((thrown: unknown) => execution.leave(toError(thrown)));
}

/** Creates the job in the store, or goes on with the job that the store has of this id. */
async function enter(start: StoredStart): Promise<void> {
  const { storage, execution, first, firstAgain } = start;
  const { job } = execution;
  const isFresh = storage.isFresh(job);
  let found = storage.isNew(job) ? undefined : await storage.load(job);
  if (found === undefined) {
    execution.resume(first);
    const journal = await storage.create(job);
    if (journal !== undefined) {
      attach(start, journal);
      execution.prepare();
      execution.begin();
      return storage.pollEarly(job);
    }
    found = await storage.load(job);
  }
  const journal = storage.adopt(job, found);
  // Nothing starts if another engine has the job; nor, in place of a job that was made here, one that is paused or has ended.
  if (journal === undefined || (isFresh && job.status !== "running")) execution.leave();
  else claim(start, journal, isFresh ? firstAgain() : first);
}

/** Goes on with a job that is in the store, as soon as it is claimed. */
function claim(start: StoredStart, journal: Journal, first: StatusCommit): void {
  const { storage, execution } = start;
  const { job, plan } = execution;
  let poisoned: readonly Task[] = [];
  attach(start, journal);
  execution.resume(first, () => poisoned = storage.claim(job, journal, execution.workers));
  execution.prepare(poisoned);
  for (const task of poisoned) {
    execution.failed(task, slotOf(plan, task.route), new PoisonError(storage.maxRecoveries));
  }
  journal.whenStored(() => {
    // The commands that are in the inbox already are carried out before a task is taken or a deadline is decided.
    storage.readFirst(job, journal).then((carryOut) => {
      if (!journal.isLost) execution.begin(carryOut);
    }, (error: unknown) => journal.lose(toError(error)));
  });
  journal.flush();
}

function attach({ storage, execution }: StoredStart, journal: Journal): void {
  execution.committer.journal = journal;
  execution.deadlines.readInbox = () => storage.poll(execution.job);
  journal.subscribe({
    onStored: () => execution.poll(),
    onRenewed: () => void storage.poll(execution.job),
    onLost: (error) => {
      storage.lost(execution.job, error);
      execution.leave(error);
    },
  });
}

/** The flow's document is written when a job is created, and code of the user's that takes part in that may throw anything. */
function toError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(describeError(thrown).message, { cause: thrown });
}
