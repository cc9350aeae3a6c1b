import type { AppendHead, StoreTransaction } from "../../ports/store.ts";

/** What is written by one call. */
export interface JournalWrite {
  readonly entries: readonly string[];
  readonly head: AppendHead | undefined;
  /** The head without the last entry, which ends the job. */
  readonly headBefore: AppendHead | undefined;
  /** What is called when it is stored. */
  readonly after: readonly (() => void)[];
  /** The transaction that is committed with it. */
  readonly within?: StoreTransaction | undefined;
}

/** How a job rests after the last entry that was handed in. */
export interface JournalRest {
  /** Whether the engine lets go of it. */
  readonly releases: boolean;
  /** What had been consumed before that entry. */
  readonly consumedBefore: number;
}
