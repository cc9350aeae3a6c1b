import type { StoredJob } from "../../ports/store.ts";
import type { StatusCommit } from "../../job/commit.ts";
import type { Job, JobStatus } from "../../job/job.ts";
import type { Moment } from "../../job/task.ts";
import type { Command } from "../../documents/command.ts";
import type { Journal } from "./journal.ts";
import type { Plan } from "../activation/plan.ts";

/** How much a job may do at once, and for how long. */
export interface ExecutionLimits {
  /** How many handlers may wait at the same time. */
  readonly workers: number;
  /** How long the job may work, in milliseconds. */
  readonly timeoutMs: number;
}

/** An execution, as the store sees it. */
export interface StartingExecution {
  /** The job. */
  readonly job: Job;
  /** The instant of a commit. */
  time(): Moment;
  /** The store has let the job begin. */
  begin(from: JobStatus, journal: Journal): void;
  /** The job is not as it was when the execution was made. */
  reset(limits: ExecutionLimits): void;
  /** Something has been stored: tasks may run. */
  handlerDone(): void;
  /** The job does not work here, or no longer. */
  leave(error?: Error): void;
}

/** What was done to resume a job in memory. */
export interface PreparedJob {
  /** The flow as it runs. */
  readonly plan: Plan;
  /** How it is run. */
  readonly limits: ExecutionLimits;
  /** Its status before. */
  readonly from: JobStatus;
  /** The commit; it has been applied. */
  readonly commit: StatusCommit;
}

/** A job that has been resumed in memory, and begins when the store lets it. */
export interface PendingStart extends PreparedJob {
  /** What runs it. */
  readonly execution: StartingExecution;
  /** Its text before, when it came from elsewhere. */
  readonly before: string | undefined;
}

/** What a flow's jobs need of whoever makes and steers them. */
export interface JobSteering {
  /** Does what has to be done to resume a job, in memory. */
  prepare(job: Job): PreparedJob;
  /** Carries out a command. */
  perform(job: Job, command: Command): void;
}

/** What a store does for the jobs of one flow. */
export interface DurableFlow {
  /** The job's text as it is now, where it must be compared: when it has come from elsewhere. */
  textOf(job: Job): string | undefined;
  /** Lets a resumed job begin: it is created in the store, or claimed there. */
  start(start: PendingStart): void;
  /** The job as a record and its journal have it, at the end of its line. */
  restore(stored: StoredJob): Job;
  /** Carries out the commands in a job's inbox. */
  poll(job: Job): Promise<void>;
}
