import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import process from "node:process";
import { ownSpace } from "./own_space.ts";

/** The functions that the file store needs: some of `node:fs`, and a lock that only Deno offers. */
export interface Files {
  /** Opens a file. */
  openSync(path: string, flags: string): number;
  /** Closes a file. */
  closeSync(file: number): void;
  /** Reads a part of a file. */
  readSync(file: number, into: Uint8Array, offset: number, length: number, position: number): number;
  /** Reads a whole file. */
  readFileSync(path: string): Uint8Array;
  /** Writes a part of a file, and returns the number of bytes written. */
  writeSync(file: number, from: Uint8Array, offset: number, length: number, position: number): number;
  /** Truncates a file. */
  ftruncateSync(file: number, length: number): void;
  /** Returns the size of a file. */
  fstatSync(file: number): { readonly size: number };
  /** Flushes a file or a folder to the device. */
  fsync(file: number, done: (error: Error | null) => void): void;
  /** Flushes a file to the device, synchronously. */
  fsyncSync(file: number): void;
  /** Flushes the content of a file to the device. */
  fdatasync(file: number, done: (error: Error | null) => void): void;
  /** Creates a folder. */
  mkdirSync(path: string, options: { readonly recursive: boolean }): unknown;
  /** Returns the names in a folder. */
  readdirSync(path: string): string[];
  /** Moves a file or a folder. */
  renameSync(from: string, to: string): void;
  /** Creates a hard link; fails with `EEXIST` when the new name exists. */
  linkSync(from: string, to: string): void;
  /** Removes a file or a folder. */
  rmSync(path: string, options: { readonly recursive: boolean; readonly force: boolean }): void;
  /**
   * Locks a file by the operating system, which releases the lock when the file is closed, at the latest when the
   * process ends. Returns `undefined` when another process has the lock. Absent in runtimes without such a call.
   */
  holdSync?(path: string): { close(): void } | undefined;
  /**
   * Makes a pipe that this process reads from until it is closed, at the latest until the process ends. Returns `undefined`
   * when the system has no pipes with names, or none are needed. Absent in runtimes with locks.
   */
  readPipeSync?(path: string): { close(): void } | undefined;
  /** Whether a process of this machine, in whichever container, reads from a pipe. */
  isReadSync?(path: string): boolean;
}

/** Returns the functions of this runtime. */
export function hostFiles(): Files {
  if (typeof Deno === "undefined") return { ...fs, readPipeSync, isReadSync };
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

/** The namespace of process ids that Linux begins with: in it, a process id is enough. */
const FIRST_SPACE = "pid:[4026531836]";

/** Node and Bun have neither locks nor a call that makes pipes; every Linux with a shell has the program. */
function readPipeSync(path: string): { close(): void } | undefined {
  const space = ownSpace();
  if (space === undefined || space === FIRST_SPACE) return undefined;
  try {
    if (spawnSync("mkfifo", [path], { stdio: "ignore" }).status !== 0) return undefined;
    const file = fs.openSync(path, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK);
    return { close: () => fs.closeSync(file) };
  } catch {
    return undefined; // Node, without the permission to start programs.
  }
}

/**
 * A pipe that nobody reads from refuses to be opened for writing. One that is not there is an error: its process has just
 * ended in order, or the pipe was removed by hand.
 */
function isReadSync(path: string): boolean {
  try {
    fs.closeSync(fs.openSync(path, fs.constants.O_WRONLY | fs.constants.O_NONBLOCK));
    return true;
  } catch (error) {
    if (codeOf(error) === "ENXIO") return false;
    throw error;
  }
}

/**
 * Work on files, as a generator that yields where it needs a flush to the device. Writing to the operating system's
 * cache is quick, and synchronous; flushing is slow, and either awaited or skipped by whoever runs the generator.
 */
export type Work<T> = Generator<() => Promise<void>, T, void>;

/** Runs work, and awaits each flush. */
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

/** Runs work synchronously, and skips each flush. */
export function runThrough<T>(work: Work<T>): T {
  let step = work.next();
  while (!step.done) step = work.next();
  return step.value;
}

/** Returns a flush of a file's content. */
export function dataSync(files: Files, file: number): () => Promise<void> {
  return () => new Promise((resolve, reject) => files.fdatasync(file, (error) => error ? reject(error) : resolve()));
}

/** Flushes the names in a folder. Windows has no such call. */
export function* syncFolder(files: Files, path: string): Work<void> {
  if (process.platform === "win32") return;
  const folder = files.openSync(path, "r");
  try {
    yield () => new Promise((resolve, reject) => files.fsync(folder, (error) => error ? reject(error) : resolve()));
  } finally {
    files.closeSync(folder);
  }
}

/** Flushes the names in a folder, synchronously. */
export function syncFolderNow(files: Files, path: string): void {
  if (process.platform === "win32") return;
  const folder = files.openSync(path, "r");
  try {
    files.fsyncSync(folder);
  } finally {
    files.closeSync(folder);
  }
}

/** Writes all bytes at a position: one call of the system may write a part only. */
export function writeAll(files: Files, file: number, bytes: Uint8Array, position: number): void {
  for (let done = 0; done < bytes.length;) {
    done += files.writeSync(file, bytes, done, bytes.length - done, position + done);
  }
}

/** Writes and flushes a new file. */
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

/** The suffix of a file that is still being written. */
export const UNFINISHED = ".new";

/**
 * Replaces a file atomically: after a crash there is the old or the new one, whole. `onPlaced` is called as soon as
 * readers see the new file.
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

/** Returns the code of a system error, such as `ENOENT`. */
export function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}

/** Makes an error that names the action that failed, with the original error as its cause. */
export function failure(action: string, error: unknown): Error {
  return new Error(`${action}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
}
