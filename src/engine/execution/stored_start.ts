import { PoisonError } from "../../base/errors.ts";
import { describeError } from "../../values/error_data.ts";
import type { Task } from "../../job/task.ts";
import { slotOf } from "../activation/plan.ts";
import type { JobStorage } from "../durable/job_storage.ts";
import type { Journal } from "../durable/journal.ts";
import type { Execution } from "./execution.ts";
import { performFirst, type PreparedJob } from "./prepared_job.ts";

/** A job of a store that is to go on. */
export interface StoredStart {
  readonly storage: JobStorage;
  readonly execution: Execution;
  readonly prepared: PreparedJob;
  /** Prepares the job that the store has of this id, when that one has taken the place of the one in hand. */
  readonly prepareAgain: () => PreparedJob;
}

/** Starts a job of a store: it begins when the store has it, claimed by this engine. */
export function startStored(start: StoredStart, journal: Journal | undefined): void {
  const { storage, execution, prepared } = start;
  storage.register(execution.job);
  if (journal !== undefined) claim(start, journal, prepared);
  else void enter(start).catch((thrown: unknown) => execution.leave(toError(thrown)));
}

/** Creates the job in the store, or goes on with what the store has of its id. */
async function enter(start: StoredStart): Promise<void> {
  const { storage, execution, prepared, prepareAgain } = start;
  const { job } = execution;
  const isFresh = storage.isFresh(job);
  let found = storage.isNew(job) ? undefined : await storage.load(job);
  if (found === undefined) {
    performFirst(execution, prepared);
    const journal = await storage.create(job);
    if (journal !== undefined) {
      attach(start, journal);
      execution.prepare(prepared.limits);
      execution.begin(prepared.from);
      return storage.pollEarly(job);
    }
    found = await storage.load(job);
  }
  const journal = storage.adopt(job, found);
  // A job that was started before goes on, unless it rests or is live elsewhere.
  if (journal === undefined || (isFresh && job.status !== "running")) execution.leave();
  else claim(start, journal, isFresh ? prepareAgain() : prepared);
}

/** Goes on with a job that is in the store, as soon as it is claimed. */
function claim(start: StoredStart, journal: Journal, prepared: PreparedJob): void {
  const { storage, execution } = start;
  const { job } = execution;
  const { from, limits } = prepared;
  let poisoned: readonly Task[] = [];
  attach(start, journal);
  performFirst(execution, prepared, () => poisoned = storage.claim(job, journal, limits.workers));
  execution.prepare(limits, poisoned);
  for (const task of poisoned) {
    execution.failed(task, slotOf(prepared.plan, task.route), new PoisonError(storage.maxRecoveries));
  }
  journal.whenStored(() => {
    execution.begin(from);
    void storage.poll(job);
  });
  journal.flush();
}

function attach({ storage, execution }: StoredStart, journal: Journal): void {
  execution.committer.journal = journal;
  journal.subscribe({
    onStored: () => execution.handlerDone(),
    onRenewed: () => void storage.poll(execution.job),
    onLost: (error) => execution.leave(error),
  });
}

/** A routine that is written down with its flow may throw anything. */
function toError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(describeError(thrown).message, { cause: thrown });
}
