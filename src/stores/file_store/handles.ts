import type { Files } from "./files.ts";

/** Processes may open about a thousand files. */
const MOST_OPEN = 200;

interface Handle {
  readonly file: number;
  users: number;
}

/** The files that are open: those used last stay so, so that a job that goes on need not open its journal for each write. */
export class Handles {
  readonly #files: Files;
  readonly #open = new Map<string, Handle>();

  /** Opens files by these functions. */
  constructor(files: Files) {
    this.#files = files;
  }

  /** The open file at a path, until it is given back. */
  take(path: string, flags: string): number {
    const handle = this.#open.get(path) ?? { file: this.#files.openSync(path, flags), users: 0 };
    handle.users++;
    this.#open.delete(path);
    this.#open.set(path, handle);
    return handle.file;
  }

  /** Gives back what was taken. */
  giveBack(path: string): void {
    const handle = this.#open.get(path);
    if (handle !== undefined) handle.users--;
    for (const [oldest, { users }] of this.#open) {
      if (this.#open.size <= MOST_OPEN) return;
      if (users === 0) this.close(oldest);
    }
  }

  /** Closes a file that nobody has taken, if it is open. */
  close(path: string): void {
    const handle = this.#open.get(path);
    if (handle === undefined) return;
    this.#open.delete(path);
    this.#files.closeSync(handle.file);
  }

  /** Closes all files. */
  closeAll(): void {
    for (const path of this.#open.keys()) this.close(path);
  }
}
