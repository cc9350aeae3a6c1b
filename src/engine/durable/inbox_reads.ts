/** What an engine has read of the inbox of a job that it has. */
export class InboxReads {
  /** Whether commands are being read or carried out. */
  isPolling = false;
  /** Whether commands may have arrived that have not been read. */
  isAddressed = false;
  /** Resolves when the commands that were found by the last look have been carried out. */
  polled: Promise<void> = Promise.resolve();
  /** When the last look began that the store has answered: in elapsed time. */
  at: number = -Infinity;
  /** The time by the store when it answered that look. */
  now: number = -Infinity;
  /** The last command that was read; those before it have been carried out, or are being so. */
  last: number;

  /** Begins after the commands that are consumed in the store. */
  constructor(consumed: number) {
    this.last = consumed;
  }
}
