import { failure, type Files, replaceFile, type Work } from "./files.ts";
import { GrowingFile, type JobFiles } from "./growing_file.ts";
import { encodeLine, readLines } from "./json_lines.ts";
import { readTail } from "./tail.ts";
import type { WriteTarget } from "./write_queue.ts";

/** The name of the file with the commands to a job that could not be carried out. */
export const REFUSALS = "refusals.jsonl";
const REASON = "reason";
/** The file may be rewritten when it has more bytes than this. */
const MOST_WASTE = 1 << 16;

/**
 * The file that says which commands to a job could not be carried out: a line for each, written before the head by which the command
 * is consumed. If that is never written, the command is not consumed, and a later line may say otherwise of it.
 */
export class RefusalsFile implements WriteTarget {
  readonly #files: Files;
  readonly #folder: string;
  readonly #file: GrowingFile;
  #count: number;
  /** The reasons by the sequences of the commands, `undefined` for one that was carried out later; read from the file on first use. */
  #reasons: Map<number, string | undefined> | undefined;
  #collected: (readonly [sequence: number, reason: string | undefined])[] = [];
  /** The commands up to this one need not be remembered. */
  #forgotten = 0;
  /** The size of the file when it was last rewritten. */
  #rewritten = 0;

  /** Opens the file. */
  constructor({ files, handles, scratch, folder, has }: JobFiles) {
    this.#files = files;
    this.#folder = folder;
    const isThere = has(REFUSALS);
    const { lines, size } = isThere
      ? readTail(files, scratch, `${folder}/${REFUSALS}`, REASON, (some) => some.length > 0)
      : { lines: [], size: 0 };
    this.#count = lines.at(-1)?.meta.sequence ?? 0;
    this.#file = new GrowingFile(files, handles, folder, REFUSALS, isThere, size);
  }

  /** Why a command could not be carried out, if that is so. */
  reasonOf(sequence: number): string | undefined {
    return this.#read().get(sequence);
  }

  /**
   * Collects for the next `store` what an append says of the commands after a sequence, up to another one: those that are refused, and
   * that others are not, of which a line before says so. The commands up to `forgotten` need not be remembered any more.
   */
  note(refusals: ReadonlyMap<number, string>, after: number, upTo: number, forgotten: number): void {
    const known = this.#read();
    for (const sequence of known.keys()) {
      if (sequence > after && sequence <= upTo && !refusals.has(sequence)) this.#collected.push([sequence, undefined]);
    }
    this.#collected.push(...refusals);
    this.#forgotten = Math.max(this.#forgotten, forgotten);
  }

  /** Appends the collected lines to the file. */
  *store(): Work<void> {
    const collected = this.#collected;
    this.#collected = [];
    if (collected.length === 0) return;
    try {
      if (this.#file.size > MOST_WASTE + 2 * this.#rewritten) yield* this.#shorten();
      yield* this.#file.append(
        collected.map(([sequence, reason], index) => lineOf(this.#count + index + 1, sequence, reason)),
      );
    } catch (error) {
      throw failure(`Cannot append to "${this.#file.path}"`, error);
    }
    this.#count += collected.length;
    for (const [sequence, reason] of collected) this.#read().set(sequence, reason);
  }

  /** Closes the file. */
  close(): void {
    this.#file.close();
  }

  #read(): Map<number, string | undefined> {
    if (this.#reasons !== undefined) return this.#reasons;
    const lines = readLines(this.#file.read(), this.#file.path, REASON);
    return this.#reasons = new Map(lines.map(({ meta: { command = 0 }, text }) => [command, text]));
  }

  /** Rewrites the file without what need not be remembered. */
  *#shorten(): Work<void> {
    const kept = [...this.#read()].filter(([sequence]) => sequence > this.#forgotten);
    const first = this.#count - kept.length + 1;
    const lines = kept.map(([sequence, reason], index) => lineOf(first + index, sequence, reason));
    const size = lines.reduce((sum, { length }) => sum + length, 0);
    yield* replaceFile(this.#files, this.#folder, REFUSALS, lines, () => this.#file.replaced(size));
    this.#file.nameSynced();
    this.#reasons = new Map(kept);
    this.#rewritten = size;
  }
}

function lineOf(number: number, command: number, reason: string | undefined): Uint8Array {
  const meta = { sequence: number, command };
  return reason === undefined ? encodeLine(meta) : encodeLine(meta, REASON, reason);
}
