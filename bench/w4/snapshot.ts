import { clock, expectEqual, type Figures } from "../harness/program.ts";
import { median } from "../harness/statistics.ts";

const REPETITIONS = 5;

/** Writes pending items as text, and reads them again. */
export interface Snapshots<T> {
  readonly write: () => string | Promise<string>;
  /** Reads a text into a state that is ready to resume. */
  readonly read: (text: string) => T | Promise<T>;
  /** Resumes the state that was read, and returns its sum. */
  readonly finish: (copy: T) => number | Promise<number>;
}

/** Measures writing and reading several times; the last state is then run to its end. */
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
