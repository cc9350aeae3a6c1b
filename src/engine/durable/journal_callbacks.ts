/** What a journal calls back while its job is live. */
export interface JournalCallbacks {
  /** Entries have been stored, some time after they were handed in. */
  readonly onStored: () => void;
  /** The store has refused that the job ends: its inbox has commands that were not read. What is stored goes on. */
  readonly onUnread: () => void;
  /** Nothing can be written any more: another engine has the job, or the store fails. */
  readonly onLost: (error: Error) => void;
}
