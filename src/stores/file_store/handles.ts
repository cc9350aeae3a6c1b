import type { Files } from "./files.ts";

/** Processes may usually open about a thousand files. */
const MOST_OPEN = 200;

interface Handle {
  readonly file: number;
  users: number;
}

/**
 * A cache of open files: the most recently used stay open, so that a running job does not reopen its journal for each
 * write.
 */
export class Handles {
  readonly #files: Files;
  readonly #open = new Map<string, Handle>();

  /** Makes an empty cache. */
  constructor(files: Files) {
    this.#files = files;
  }

  /** Returns an open file, which stays open until it is given back. */
  take(path: string, flags: string): number {
    const handle = this.#open.get(path) ?? { file: this.#files.openSync(path, flags), users: 0 };
    handle.users++;
    this.#open.delete(path);
    this.#open.set(path, handle);
    return handle.file;
  }

  /** Gives a file back, and closes the least recently used ones when there are too many. */
  giveBack(path: string): void {
    const handle = this.#open.get(path);
    if (handle !== undefined) handle.users--;
    for (const [oldest, { users }] of this.#open) {
      if (this.#open.size <= MOST_OPEN) return;
      if (users === 0) this.close(oldest);
    }
  }

  /** Closes a file that nobody uses, if it is open. */
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
