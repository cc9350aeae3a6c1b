/** The host's source of chance: ids of flows and jobs are all that needs it. */
export interface IdSource {
  /** A new id that no other call on any host gives: a UUID, unless a test says otherwise. */
  id(): string;
  /**
   * Whether it makes no difference when ids are asked for, nor in which order: then a job's id is made when somebody reads
   * it. To load their means of chance takes hosts milliseconds, and few look at the ids of jobs that are not kept.
   */
  readonly allowsLazyIds?: boolean;
}
