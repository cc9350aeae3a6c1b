/** An entry of a journal by which an engine claims a job, renews its lease, or lets go of it. */
export interface Claim {
  /** Tells it from commits. */
  readonly kind: "claim";
  /** When it was made, in milliseconds since 1970. */
  readonly at: number;
  /** The last command of the job's inbox that was consumed by then; 0 for none. */
  readonly consumed: number;
  /** How often the job has been claimed. */
  readonly epoch: number;
  /** The engine that has it now; none when it lets go. */
  readonly owner: string | undefined;
  /** The tasks that stood first, if the job was claimed. */
  readonly tried: readonly FirstAttempt[];
  /** When the lease ends, in milliseconds since 1970. */
  readonly until: number | undefined;
}

/** A task that stood first when a job was claimed. */
export interface FirstAttempt {
  /** The id of the task. */
  readonly task: number;
  /** How often it had failed by then. */
  readonly attempt: number;
  /** How many of its steps had been committed by then. */
  readonly step: number;
  /** How many recoveries have found it like this. */
  readonly recoveries: number;
}
