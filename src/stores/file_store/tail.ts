import type { Files } from "./files.ts";
import { type Line, nextLine, type Scan, scanLines } from "./json_lines.ts";

/** The size of the part that is read first; it holds the last lines of most files. */
export const TAIL_BYTES: number = 1 << 16;

/** The end of a file of lines. */
export interface Tail {
  /** The last lines: all, or those that the last part of the file holds. */
  readonly lines: readonly Line[];
  /** How many bytes of the file are intact. */
  readonly size: number;
}

/**
 * Reads the last part of a file, and the whole file only if that part is damaged or `isEnough` refuses it. `scratch` has
 * `TAIL_BYTES`, and is written over: most files fit in it, and are read without an allocation.
 */
export function readTail(
  files: Files,
  scratch: Uint8Array,
  path: string,
  name: string,
  isEnough: (lines: readonly Line[]) => boolean,
): Tail {
  const file = files.openSync(path, "r");
  try {
    const read = fill(files, file, scratch, 0);
    if (read < scratch.length) {
      const { lines, length } = scanLines(scratch.subarray(0, read), path, name);
      return { lines, size: length };
    }
    const { size } = files.fstatSync(file);
    const end = scratch.subarray(0, fill(files, file, scratch, size - scratch.length));
    const last = end.subarray(nextLine(end, 0));
    const scan = tryScan(last, path, name);
    if (scan !== undefined && scan.length === last.length && isEnough(scan.lines)) return { lines: scan.lines, size };
  } finally {
    files.closeSync(file);
  }
  const { lines, length } = scanLines(files.readFileSync(path), path, name);
  return { lines, size: length };
}

/** Reads a file from a position on until the buffer is full, or the file ends; returns how many bytes there are. */
function fill(files: Files, file: number, into: Uint8Array, position: number): number {
  for (let done = 0;;) {
    const read = files.readSync(file, into, done, into.length - done, position + done);
    done += read;
    if (read === 0 || done === into.length) return done;
  }
}

function tryScan(bytes: Uint8Array, path: string, name: string): Scan | undefined {
  try {
    return scanLines(bytes, path, name);
  } catch {
    return undefined; // The whole file is read next: that gives the error the right line number.
  }
}
