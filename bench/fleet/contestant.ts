/** What a worker's program needs of a contestant. */
export interface Contestant {
  /** Counts the jobs of steps that have not ended: a statement with one column, `count`. */
  readonly remaining: string;
  /** Works, `concurrency` jobs at a time, until the returned function is called; `echoed` is called by the handler of an echo. */
  work(address: string, concurrency: number, echoed: (sentAt: number) => void): Promise<() => Promise<void>>;
  /** Opens what starts jobs, in another process than those that work. The tables are there. */
  open(address: string): Promise<Starter>;
  /** Opens what looks for jobs that are due as a worker does; absent for those whose workers cannot be asked. */
  openLook?(address: string): Promise<{ look(): Promise<unknown>; close(): Promise<void> }>;
}

/** Starts jobs. */
export interface Starter {
  /** Stores jobs of so many steps, each of which is stored before the next one starts. */
  startJobs(count: number, steps: number): Promise<void>;
  /** Starts a job whose handler says how long ago `sentAt` was; at that instant, if it `waits`. */
  echo(sentAt: number, waits?: boolean): Promise<void>;
  /** Stores jobs of one step that begin at an instant; absent where a program cannot store many at once. */
  sleep?(count: number, at: Date): Promise<void>;
  close(): Promise<void>;
}

/** How many jobs are stored at once, where that is possible. */
export const BATCH = 1_000;

/** Calls `store` with the number of jobs of each batch. */
export async function inBatches(count: number, store: (size: number, from: number) => Promise<unknown>): Promise<void> {
  for (let from = 0; from < count; from += BATCH) await store(Math.min(BATCH, count - from), from);
}

/** A list of so many. */
export function repeat<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => make(index));
}
