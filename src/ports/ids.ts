/** Makes the ids of flows and jobs: the only randomness that the library needs. */
export interface IdSource {
  /** Returns a new id, unlike that of any other call on any host. The default is a random UUID. */
  id(): string;
  /**
   * Whether ids may be made later and in another order than they were asked for. If so, the id of a job is made when
   * somebody first reads it: hosts take milliseconds to load their random number generator, and the ids of jobs that
   * are not stored are seldom read.
   */
  readonly allowsLazyIds?: boolean;
}
