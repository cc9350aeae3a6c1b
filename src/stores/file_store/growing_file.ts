import { dataSync, type Files, syncFolder, type Work, writeAll } from "./files.ts";
import type { Handles } from "./handles.ts";

/** What the files of a job have in common. */
export interface JobFiles {
  /** The functions to call. */
  readonly files: Files;
  /** The cache of open files. */
  readonly handles: Handles;
  /** A buffer of `TAIL_BYTES` that reads write over. */
  readonly scratch: Uint8Array;
  /** The job's folder. */
  readonly folder: string;
  /** Whether a file of this name existed when the job was opened. */
  readonly has: (name: string) => boolean;
}

/**
 * A file that only grows at its end. The remains of a failed write are truncated before the next write: a reader stops
 * at the first incomplete line, so nothing after it would ever be read.
 */
export class GrowingFile {
  /** The file's path. */
  readonly path: string;
  readonly #folder: string;
  readonly #files: Files;
  readonly #handles: Handles;
  #size: number;
  #isThere: boolean;
  /** Whether the file may be longer than what is stored: it holds the remains of a failed write. */
  #hasSurplus: boolean;
  /** Whether the folder must be flushed before the file counts as stored. */
  #isNameUnsynced: boolean;

  /**
   * Uses a file of which the first `size` bytes are stored. The file may be longer; when `size` is 0 it need not exist.
   */
  constructor(files: Files, handles: Handles, folder: string, name: string, isThere: boolean, size: number) {
    this.#files = files;
    this.#handles = handles;
    this.#folder = folder;
    this.path = `${folder}/${name}`;
    this.#size = size;
    this.#isThere = isThere;
    this.#hasSurplus = isThere;
    this.#isNameUnsynced = !isThere;
  }

  /** How many bytes are stored. */
  get size(): number {
    return this.#size;
  }

  /** Reads the stored bytes. */
  read(): Uint8Array {
    return this.#size === 0 ? new Uint8Array() : this.#files.readFileSync(this.path).subarray(0, this.#size);
  }

  /** Reads the stored bytes from a position on. */
  readFrom(position: number): Uint8Array {
    if (this.#size === position) return new Uint8Array();
    const file = this.#files.openSync(this.path, "r");
    try {
      const bytes = new Uint8Array(this.#size - position);
      for (let done = 0; done < bytes.length;) {
        const read = this.#files.readSync(file, bytes, done, bytes.length - done, position + done);
        if (read === 0) throw new Error(`"${this.path}" has ended at byte ${position + done}, expected ${this.#size}`);
        done += read;
      }
      return bytes;
    } finally {
      this.#files.closeSync(file);
    }
  }

  /** Appends, atomically: when this throws, nothing has been added. */
  *append(chunks: readonly Uint8Array[]): Work<void> {
    const file = this.#handles.take(this.path, this.#isThere ? "r+" : "w+");
    this.#isThere = true;
    try {
      if (this.#hasSurplus) this.#files.ftruncateSync(file, this.#size);
      this.#hasSurplus = true;
      const bytes = join(chunks);
      writeAll(this.#files, file, bytes, this.#size);
      yield dataSync(this.#files, file);
      if (this.#isNameUnsynced) yield* syncFolder(this.#files, this.#folder);
      this.#isNameUnsynced = false;
      this.#size += bytes.length;
      this.#hasSurplus = false;
    } catch (error) {
      this.#tidy(file);
      throw error;
    } finally {
      this.#handles.giveBack(this.path);
    }
  }

  /** Notes that the file was replaced by another with `size` bytes. */
  replaced(size: number): void {
    this.#handles.close(this.path);
    this.#size = size;
    this.#isThere = true;
    this.#hasSurplus = false;
    this.#isNameUnsynced = true;
  }

  /** Notes that the file's name has been flushed. */
  nameSynced(): void {
    this.#isNameUnsynced = false;
  }

  /** Closes the file. */
  close(): void {
    this.#handles.close(this.path);
  }

  /**
   * Truncates a failed write at once, so that no reader sees its remains. If this fails too, the next write does it.
   */
  #tidy(file: number): void {
    try {
      this.#files.ftruncateSync(file, this.#size);
      this.#hasSurplus = false;
    } catch {
      this.#hasSurplus = true;
    }
  }
}

/** Joins chunks, so that they are written by one call of the system. */
function join(chunks: readonly Uint8Array[]): Uint8Array {
  const [first] = chunks;
  if (first !== undefined && chunks.length === 1) return first;
  const joined = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const chunk of chunks) {
    joined.set(chunk, at);
    at += chunk.length;
  }
  return joined;
}
