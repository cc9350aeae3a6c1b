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

/** Reads the last part of a file, and the whole file only if that part is damaged or `isEnough` refuses it. */
export function readTail(
  files: Files,
  path: string,
  name: string,
  isEnough: (lines: readonly Line[]) => boolean,
): Tail {
  const file = files.openSync(path, "r");
  try {
    const { size } = files.fstatSync(file);
    if (size > TAIL_BYTES) {
      const bytes = new Uint8Array(TAIL_BYTES);
      files.readSync(file, bytes, 0, TAIL_BYTES, size - TAIL_BYTES);
      const last = bytes.subarray(nextLine(bytes, 0));
      const scan = tryScan(last, path, name);
      if (scan !== undefined && scan.length === last.length && isEnough(scan.lines)) return { lines: scan.lines, size };
    }
  } finally {
    files.closeSync(file);
  }
  const { lines, length } = scanLines(files.readFileSync(path), path, name);
  return { lines, size: length };
}

function tryScan(bytes: Uint8Array, path: string, name: string): Scan | undefined {
  try {
    return scanLines(bytes, path, name);
  } catch {
    return undefined; // The whole file is read next: that gives the error the right line number.
  }
}
