import { clock, expectEqual, type Figures } from "../harness/program.ts";
import { median } from "../harness/statistics.ts";

const REPETITIONS = 5;

/** A way to write pending items as a text, and to read it again. */
export interface Snapshots<T> {
  readonly write: () => string | Promise<string>;
  /** Reads what is ready to go on then. */
  readonly read: (text: string) => T | Promise<T>;
  /** Goes on with what was read, and says to which sum it comes. */
  readonly finish: (copy: T) => number | Promise<number>;
}

/** Times both ways some times over; what was read last goes on to its end. */
export async function timeSnapshots<T>(count: number, { write, read, finish }: Snapshots<T>): Promise<Figures> {
  const writeMs: number[] = [];
  const readMs: number[] = [];
  let copy: T | undefined;
  for (let i = 0; i < REPETITIONS; i++) {
    const start = clock();
    const text = await write();
    const written = clock();
    copy = await read(text);
    readMs.push(clock() - written);
    writeMs.push(written - start);
  }
  if (copy !== undefined) expectEqual("The sum", await finish(copy), (count * (count - 1)) / 2);
  return { writeMs: median(writeMs), readMs: median(readMs) };
}
