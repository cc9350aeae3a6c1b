import type { StoredCommand } from "../../ports/store.ts";
import { failure, type Work } from "./files.ts";
import { GrowingFile, type JobFiles } from "./growing_file.ts";
import { encodeLine, type Line, readLines } from "./json_lines.ts";
import { readTail } from "./tail.ts";
import type { WriteTarget } from "./write_queue.ts";

/** The name of a job's inbox file. */
export const INBOX = "inbox.jsonl";
const COMMAND = "command";

/** A job's inbox file: one command per line. */
export class InboxFile implements WriteTarget {
  readonly #onStored: () => void;
  readonly #file: GrowingFile;
  #count: number;
  /** All keys in use, those of collected commands included; read from the file on first use. */
  #keys: Set<string> | undefined;
  /** The positions of the first commands in the file; of all that were stored or read since the file was opened. */
  readonly #starts: number[] = [];
  #collected: { readonly key: string; readonly line: Uint8Array }[] = [];
  #length = 0;

  /** Opens the file, and reads the number of the last command. */
  constructor({ files, handles, folder, has, onStored }: JobFiles) {
    this.#onStored = onStored;
    const isThere = has(INBOX);
    const path = `${folder}/${INBOX}`;
    const { lines, size } = isThere
      ? readTail(files, path, COMMAND, (some) => some.length > 0)
      : { lines: [], size: 0 };
    this.#count = lines.at(-1)?.meta.sequence ?? 0;
    this.#file = new GrowingFile(files, handles, folder, INBOX, isThere, size);
  }

  /** The number of stored commands. */
  get count(): number {
    return this.#count;
  }

  /** Reads the stored commands with a sequence above the given one. */
  commandsAfter(sequence: number): StoredCommand[] {
    return sequence >= this.#count ? [] : this.#readAfter(sequence);
  }

  /** Collects a command for the next `store`, unless its key was used before. */
  add(key: string, text: string): void {
    this.#keys ??= new Set(this.#readAfter(0).map((command) => command.key));
    if (this.#keys.has(key)) return;
    this.#keys.add(key);
    const sequence = this.#count + this.#collected.length + 1;
    const line = encodeLine({ sequence, key, ...this.#length > 0 && { back: this.#length } }, COMMAND, text);
    this.#collected.push({ key, line });
    this.#length += line.length;
  }

  /** Appends the collected commands to the file. */
  *store(): Work<void> {
    const collected = this.#collected;
    this.#collected = [];
    this.#length = 0;
    if (collected.length === 0) return;
    let position = this.#file.size;
    try {
      yield* this.#file.append(collected.map(({ line }) => line));
      for (const { line: { length } } of collected) {
        this.#starts.push(position);
        position += length;
      }
      this.#count += collected.length;
      this.#onStored();
    } catch (error) {
      for (const { key } of collected) this.#keys?.delete(key);
      throw failure(`Cannot append to "${this.#file.path}"`, error);
    }
  }

  /** Closes the file. */
  close(): void {
    this.#file.close();
  }

  /** An owner asks for the newest commands again and again: those before are read once only, to find where they end. */
  #readAfter(sequence: number): StoredCommand[] {
    const known = Math.min(sequence, Math.max(0, this.#starts.length - 1));
    const { path } = this.#file;
    const start = this.#starts[known] ?? 0;
    const lines = readLines(this.#file.readFrom(start), path, COMMAND, known);
    for (const line of lines.slice(this.#starts.length - known)) this.#starts.push(start + line.start);
    return lines.map(commandOf).filter((command) => command.sequence > sequence);
  }
}

function commandOf({ meta: { sequence = 0, key = "" }, text }: Line): StoredCommand {
  return { sequence, key, text };
}
