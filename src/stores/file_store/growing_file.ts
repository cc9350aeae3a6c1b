import { dataSync, type Files, syncFolder, type Work, writeAll } from "./files.ts";
import type { Handles } from "./handles.ts";

/** What the files of a job need. */
export interface JobFiles {
  /** The functions to call. */
  readonly files: Files;
  /** The open files. */
  readonly handles: Handles;
  /** The job's folder. */
  readonly folder: string;
  /** Whether a file is there. */
  readonly has: (name: string) => boolean;
  /** Called when something has been stored. */
  readonly onStored: () => void;
}

/**
 * A file that grows at its end. What could not be stored in whole is cut off before anything else follows: behind the part
 * of a line nothing would ever be read.
 */
export class GrowingFile {
  /** Where it is. */
  readonly path: string;
  readonly #folder: string;
  readonly #files: Files;
  readonly #handles: Handles;
  #size: number;
  #isThere: boolean;
  /** There may be something behind what is stored. */
  #isRagged: boolean;
  /** Its name may not be on the device. */
  #isLoose: boolean;

  /** Takes a file of which `size` bytes are stored; it may be longer, and without any it need not be there. */
  constructor(files: Files, handles: Handles, folder: string, name: string, isThere: boolean, size: number) {
    this.#files = files;
    this.#handles = handles;
    this.#folder = folder;
    this.path = `${folder}/${name}`;
    this.#size = size;
    this.#isThere = isThere;
    this.#isRagged = isThere;
    this.#isLoose = !isThere;
  }

  /** What is stored. */
  read(): Uint8Array {
    return this.#size === 0 ? new Uint8Array() : this.#files.readFileSync(this.path).subarray(0, this.#size);
  }

  /** Writes behind what is stored; an error means that nothing has been added. */
  *append(chunks: readonly Uint8Array[]): Work<void> {
    const file = this.#handles.take(this.path, this.#isThere ? "r+" : "w+");
    this.#isThere = true;
    try {
      if (this.#isRagged) this.#files.ftruncateSync(file, this.#size);
      this.#isRagged = true;
      const bytes = join(chunks);
      writeAll(this.#files, file, bytes, this.#size);
      yield dataSync(this.#files, file);
      if (this.#isLoose) yield* syncFolder(this.#files, this.#folder);
      this.#isLoose = false;
      this.#size += bytes.length;
      this.#isRagged = false;
    } catch (error) {
      this.#tidy(file);
      throw error;
    } finally {
      this.#handles.giveBack(this.path);
    }
  }

  /** Another file has come into its place. */
  replaced(size: number): void {
    this.#handles.close(this.path);
    this.#size = size;
    this.#isThere = true;
    this.#isRagged = false;
    this.#isLoose = true;
  }

  /** The name of the file in its place is on the device. */
  settled(): void {
    this.#isLoose = false;
  }

  /** Closes it. */
  close(): void {
    this.#handles.close(this.path);
  }

  /** Cuts off at once what has failed, so that no reader meets it; what fails here as well is done by the next write. */
  #tidy(file: number): void {
    try {
      this.#files.ftruncateSync(file, this.#size);
      this.#isRagged = false;
    } catch {
      this.#isRagged = true;
    }
  }
}

/** Makes one part of many: each would be a call of the system. */
function join(chunks: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const chunk of chunks) {
    joined.set(chunk, at);
    at += chunk.length;
  }
  return joined;
}
