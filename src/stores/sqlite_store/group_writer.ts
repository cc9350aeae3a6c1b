import { FencedError } from "../../base/errors.ts";
import { guarded, type SqliteDatabase } from "./database.ts";

/** One write that was asked for. */
interface Write {
  /** Makes it; when this throws a `FencedError`, nothing has changed. */
  readonly make: () => void;
  /** Whether it is one statement, and so a transaction by itself. */
  readonly isSingle: boolean;
  /** Answers that it is stored. */
  readonly resolve: () => void;
  /** Answers that it is not. */
  readonly reject: (error: unknown) => void;
}

/** As many writes wait for no more: whoever goes on writing without an end is answered. */
const LARGE_GROUP = 1_000;

/** Gathers writes into transactions. */
export interface GroupWriter {
  /** Makes a write with those of the same turn, and answers when it is stored. */
  write<T>(make: () => T, isSingle?: boolean): Promise<T>;
  /** Makes the writes that wait, at once. */
  flush(): void;
}

/**
 * Makes writes that were asked for in the same turn in one transaction. A fenced one is refused alone; when another breaks
 * the transaction, all is rolled back, `onRollBack` is called, and each is made in a transaction of its own.
 */
export function groupWriter(database: SqliteDatabase, busyTimeoutMs: number, onRollBack: () => void): GroupWriter {
  let waiting: Write[] = [];
  const begin = database.prepare("BEGIN IMMEDIATE");
  const commit = database.prepare("COMMIT");

  const flush = (): void => {
    const writes = waiting;
    waiting = [];
    makeAll(writes);
  };
  /** Flushes once a round of microtasks has brought no more: jobs that take turns write one after the other. */
  const gather = (seen: number): void => {
    const { length } = waiting;
    if (length > seen && length < LARGE_GROUP) queueMicrotask(() => gather(length));
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
    onRollBack();
    try {
      database.exec("ROLLBACK");
    } catch {
      // A full disk, for one, has rolled it back already.
    }
  };

  return {
    write: <T>(make: () => T, isSingle = false) =>
      new Promise<T>((resolve, reject) => {
        let value: T;
        if (waiting.length === 0) queueMicrotask(() => gather(0));
        waiting.push({ make: () => void (value = make()), isSingle, resolve: () => resolve(value), reject });
      }),
    flush,
  };
}

function rejectAll(writes: readonly Write[], error: unknown): void {
  for (const { reject } of writes) reject(error);
}
