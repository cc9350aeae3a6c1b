import { FencedError } from "../../base/errors.ts";
import { guarded, type SqliteDatabase } from "./database.ts";

/** A requested write. */
interface Write {
  /** Performs the write. When this throws a `FencedError`, nothing has changed. */
  readonly make: () => void;
  /** Whether the write is one statement, which needs no explicit transaction. */
  readonly isSingle: boolean;
  /** Tells the caller that the write is stored. */
  readonly resolve: () => void;
  /** Tells the caller that the write has failed. */
  readonly reject: (error: unknown) => void;
}

/**
 * A group of this size is written without waiting for more: otherwise a caller that never stops writing would get no
 * answer.
 */
const LARGE_GROUP = 1_000;

/**
 * A group is written when so many rounds of microtasks have added no further write: between the writes of jobs that an engine takes up one
 * after the other there are a few.
 */
const QUIET_ROUNDS = 6;

/** Groups writes into transactions. */
export interface GroupWriter {
  /** Performs a write together with others of the same turn; resolves once it is stored. */
  write<T>(make: () => T, isSingle?: boolean): Promise<T>;
  /** Performs the pending writes now. */
  flush(): void;
}

/**
 * Performs writes that were requested in the same turn in one transaction. A fenced write fails alone. If another write
 * fails, the transaction is rolled back, and each write is repeated in a transaction of its own.
 */
export function groupWriter(database: SqliteDatabase, busyTimeoutMs: number): GroupWriter {
  let waiting: Write[] = [];
  const begin = database.prepare("BEGIN IMMEDIATE");
  const commit = database.prepare("COMMIT");

  const flush = (): void => {
    const writes = waiting;
    waiting = [];
    makeAll(writes);
  };
  const gather = (seen: number, rounds: number): void => {
    const { length } = waiting;
    const left = length > seen ? QUIET_ROUNDS : rounds - 1;
    if (left > 0 && length < LARGE_GROUP) queueMicrotask(() => gather(length, left));
    else flush();
  };
  const makeAll = (writes: readonly Write[]): void => {
    const [first] = writes;
    if (first === undefined) return;
    if (writes.length === 1 && first.isSingle) makeSingle(first);
    else makeTogether(writes);
  };
  const makeSingle = ({ make, resolve, reject }: Write): void => {
    try {
      guarded(busyTimeoutMs, make);
    } catch (error) {
      return reject(error);
    }
    resolve();
  };
  const makeTogether = (writes: readonly Write[]): void => {
    const refusals = new Map<Write, FencedError>();
    try {
      guarded(busyTimeoutMs, () => begin.run());
    } catch (error) {
      return rejectAll(writes, error);
    }
    for (const write of writes) {
      try {
        write.make();
      } catch (error) {
        if (error instanceof FencedError) refusals.set(write, error);
        else return breakUp(writes, error);
      }
    }
    try {
      commit.run();
    } catch (error) {
      rollBack();
      return rejectAll(writes, error);
    }
    for (const write of writes) {
      const refusal = refusals.get(write);
      if (refusal === undefined) write.resolve();
      else write.reject(refusal);
    }
  };
  const breakUp = (writes: readonly Write[], error: unknown): void => {
    rollBack();
    if (writes.length === 1) rejectAll(writes, error);
    else for (const write of writes) makeAll([write]);
  };
  const rollBack = (): void => {
    try {
      database.exec("ROLLBACK");
    } catch {
      // An error such as a full disk makes SQLite roll back by itself.
    }
  };

  return {
    write: <T>(make: () => T, isSingle = false) =>
      new Promise<T>((resolve, reject) => {
        let value: T;
        if (waiting.length === 0) queueMicrotask(() => gather(0, QUIET_ROUNDS));
        waiting.push({ make: () => void (value = make()), isSingle, resolve: () => resolve(value), reject });
      }),
    flush,
  };
}

function rejectAll(writes: readonly Write[], error: unknown): void {
  for (const { reject } of writes) reject(error);
}
