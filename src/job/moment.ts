/**
 * An instant. What happens at the same one shares the object: a number of this size would take a place of its own in each
 * task, commit and record.
 */
export interface Instant {
  /** When, in milliseconds since 1970. */
  readonly at: number;
}

/** An instant in the life of a job. */
export interface Moment extends Instant {
  /** How long the job has worked by then, in milliseconds. */
  readonly ranMs: number;
}
