import { FencedError } from "../../base/errors.ts";
import type { JobHead, JobRecord } from "../../ports/store.ts";
import { headOf } from "../../ports/store_kit.ts";
import { failure, type Files, replaceFile, type Work } from "./files.ts";
import { GrowingFile, type JobFiles } from "./growing_file.ts";
import { encodeLine, type Line, readLines } from "./json_lines.ts";
import type { WriteTarget } from "./write_queue.ts";
import { readTail } from "./tail.ts";

/** The name of a job's journal file. */
export const JOURNAL = "journal.jsonl";
const ENTRY = "entry";

/**
 * A job's journal file: the entries after the snapshot, one per line. Also keeps the job's record, which the entries
 * change.
 */
export class JournalFile implements WriteTarget {
  readonly #files: Files;
  readonly #folder: string;
  readonly #onStored: () => void;
  readonly #file: GrowingFile;
  #record: JobRecord;
  /** The record as it will be once the collected entries are stored. */
  #ahead: JobRecord;
  #chunks: Uint8Array[] = [];
  #length = 0;

  /** Opens the file, and reads the record from its end. `base` is the record of the snapshot. */
  constructor({ files, handles, folder, has, onStored }: JobFiles, base: JobRecord) {
    this.#files = files;
    this.#folder = folder;
    this.#onStored = onStored;
    const isThere = has(JOURNAL);
    const path = `${folder}/${JOURNAL}`;
    const { lines, size } = isThere ? readTail(files, path, ENTRY, hasHead) : { lines: [], size: 0 };
    const revision = lines.at(-1)?.meta.revision ?? 0;
    const head = lines.findLast(({ meta }) => meta.head !== undefined)?.meta.head;
    // The snapshot is newer than the whole journal: a crash came between the two writes of a compaction. The next write
    // empties the file.
    const isBehind = revision < base.revision;
    this.#record = isBehind ? base : { ...base, ...head && headOf(head), revision };
    this.#ahead = this.#record;
    this.#file = new GrowingFile(files, handles, folder, JOURNAL, isThere, isBehind ? 0 : size);
  }

  /** The record, as of the last stored write. */
  get record(): JobRecord {
    return this.#record;
  }

  /** Reads the entries after a revision. */
  entriesAfter(revision: number): string[] {
    return this.#linesAfter(revision, this.#file.read()).map(({ text }) => text);
  }

  /** Collects entries for the next `store`. */
  add(expectedRevision: number, entries: readonly string[], head: JobHead | undefined): void {
    const { jobId, revision } = this.#ahead;
    if (revision !== expectedRevision) throw new FencedError(jobId, expectedRevision, revision);
    for (const [index, text] of entries.entries()) {
      const left = entries.length - index - 1;
      const line = encodeLine(
        {
          revision: revision + index + 1,
          ...left > 0 && { left },
          ...this.#length > 0 && { back: this.#length },
          ...left === 0 && head && { head: headOf(head) },
        },
        ENTRY,
        text,
      );
      this.#chunks.push(line);
      this.#length += line.length;
    }
    this.#ahead = { ...this.#ahead, ...head && headOf(head), revision: revision + entries.length };
  }

  /** Appends the collected entries to the file. */
  *store(): Work<void> {
    const chunks = this.#chunks;
    const ahead = this.#ahead;
    this.#chunks = [];
    this.#length = 0;
    if (chunks.length === 0) return;
    try {
      yield* this.#file.append(chunks);
      this.#record = ahead;
      this.#onStored();
    } catch (error) {
      this.#ahead = this.#record;
      throw failure(`Cannot append to "${this.#file.path}"`, error);
    }
  }

  /** Rewrites the file without the entries up to a revision. */
  *dropUpTo(revision: number): Work<void> {
    const bytes = this.#file.read();
    const first = this.#linesAfter(revision, bytes)[0];
    const rest = first === undefined ? new Uint8Array() : bytes.subarray(first.start);
    yield* replaceFile(this.#files, this.#folder, JOURNAL, [rest], () => this.#file.replaced(rest.length));
    this.#file.nameSynced();
  }

  /** Closes the file. */
  close(): void {
    this.#file.close();
  }

  #linesAfter(revision: number, bytes: Uint8Array): Line[] {
    const after = readLines(bytes, this.#file.path, ENTRY).filter(({ meta }) => (meta.revision ?? 0) > revision);
    const expected = this.#record.revision - revision;
    if (after.length !== expected) {
      const found = `it has ${after.length} entries after revision ${revision}, expected ${expected}`;
      throw new Error(`Cannot read "${this.#file.path}": ${found}`);
    }
    return after;
  }
}

function hasHead(lines: readonly Line[]): boolean {
  return lines.some(({ meta }) => meta.head !== undefined);
}
