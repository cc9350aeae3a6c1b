import * as fs from "node:fs";
import process from "node:process";

/** The functions that the file store calls: those of `node:fs`, and one of Deno. */
export interface Files {
  /** Opens a file. */
  openSync(path: string, flags: string): number;
  /** Closes a file. */
  closeSync(file: number): void;
  /** Reads a part of a file. */
  readSync(file: number, into: Uint8Array, offset: number, length: number, position: number): number;
  /** Reads a whole file. */
  readFileSync(path: string): Uint8Array;
  /** Writes a part of a file, and tells how many bytes it has written. */
  writeSync(file: number, from: Uint8Array, offset: number, length: number, position: number): number;
  /** Cuts a file off. */
  ftruncateSync(file: number, length: number): void;
  /** Tells how long a file is. */
  fstatSync(file: number): { readonly size: number };
  /** Calls back when a file or a folder is on the device. */
  fsync(file: number, done: (error: Error | null) => void): void;
  /** Waits until a file is on the device. */
  fsyncSync(file: number): void;
  /** Calls back when what a file holds is on the device. */
  fdatasync(file: number, done: (error: Error | null) => void): void;
  /** Makes a folder. */
  mkdirSync(path: string, options: { readonly recursive: boolean }): unknown;
  /** The names in a folder. */
  readdirSync(path: string): string[];
  /** Moves a file or a folder. */
  renameSync(from: string, to: string): void;
  /** Gives a file a second name, unless there is one of it. */
  linkSync(from: string, to: string): void;
  /** Removes a file or a folder. */
  rmSync(path: string, options: { readonly recursive: boolean; readonly force: boolean }): void;
  /**
   * Takes the system's own lock on a file until it is closed, by the end of the process at the latest; `undefined` when
   * somebody else has it. Absent where there is no such call.
   */
  holdSync?(path: string): { close(): void } | undefined;
}

/** The functions of this runtime. */
export function hostFiles(): Files {
  if (typeof Deno === "undefined") return fs;
  return {
    ...fs,
    holdSync(path) {
      const file = Deno.openSync(path, { read: true, write: true });
      if (file.tryLockSync(true)) return file;
      file.close();
      return undefined;
    },
  };
}

/**
 * Work on files that stops where the device has to confirm something: the system takes what is written at once, the device
 * takes its time.
 */
export type Work<T> = Generator<() => Promise<void>, T, void>;

/** Does work, and waits for the device wherever it stops. */
export async function waitFor<T>(work: Work<T>): Promise<T> {
  let step = work.next();
  while (!step.done) {
    try {
      await step.value();
    } catch (error) {
      step = work.throw(error);
      continue;
    }
    step = work.next();
  }
  return step.value;
}

/** Does work, and waits for nothing. */
export function runThrough<T>(work: Work<T>): T {
  let step = work.next();
  while (!step.done) step = work.next();
  return step.value;
}

/** Waits until what a file holds is on the device. */
export function dataSync(files: Files, file: number): () => Promise<void> {
  return () => new Promise((resolve, reject) => files.fdatasync(file, (error) => error ? reject(error) : resolve()));
}

/** Waits until the names in a folder are on the device. Windows has no such call. */
export function* syncFolder(files: Files, path: string): Work<void> {
  if (process.platform === "win32") return;
  const folder = files.openSync(path, "r");
  try {
    yield () => new Promise((resolve, reject) => files.fsync(folder, (error) => error ? reject(error) : resolve()));
  } finally {
    files.closeSync(folder);
  }
}

/** Waits, and lets everybody wait, until the names in a folder are on the device. */
export function syncFolderNow(files: Files, path: string): void {
  if (process.platform === "win32") return;
  const folder = files.openSync(path, "r");
  try {
    files.fsyncSync(folder);
  } finally {
    files.closeSync(folder);
  }
}

/** Writes all bytes to a place in a file: a call may take a part of them only. */
export function writeAll(files: Files, file: number, bytes: Uint8Array, position: number): void {
  for (let done = 0; done < bytes.length;) {
    done += files.writeSync(file, bytes, done, bytes.length - done, position + done);
  }
}

/** Writes a new file. */
export function* writeFile(files: Files, path: string, chunks: readonly Uint8Array[]): Work<void> {
  const file = files.openSync(path, "w");
  try {
    let position = 0;
    for (const chunk of chunks) {
      writeAll(files, file, chunk, position);
      position += chunk.length;
    }
    yield dataSync(files, file);
  } finally {
    files.closeSync(file);
  }
}

/** The ending of a file that is not in its place yet. */
export const UNFINISHED = ".new";

/**
 * Puts a new file into the place of another: after a crash there is one of them, whole. `onPlaced` is called as soon as the
 * new one is there for readers.
 */
export function* replaceFile(
  files: Files,
  folder: string,
  name: string,
  chunks: readonly Uint8Array[],
  onPlaced: () => void,
): Work<void> {
  const path = `${folder}/${name}`;
  yield* writeFile(files, path + UNFINISHED, chunks);
  files.renameSync(path + UNFINISHED, path);
  onPlaced();
  yield* syncFolder(files, folder);
}

/** The code of a system's error, such as `ENOENT`. */
export function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}

/** An error that says what could not be done, with what the system said as its cause. */
export function failure(action: string, error: unknown): Error {
  return new Error(`${action}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
}
