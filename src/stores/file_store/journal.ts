import type { AppendHead, Incarnation } from "../../ports/store.ts";
import { appendTo, claimFor, type KeptRecord } from "../../ports/store_kit.ts";
import { failure, type Files, replaceFile, type Work } from "./files.ts";
import { GrowingFile, type JobFiles } from "./growing_file.ts";
import { encodeLine, type Line, type LineMeta, readLines } from "./json_lines.ts";
import type { JobBase } from "./snapshot.ts";
import { headOf, withHead } from "./stored_head.ts";
import { readTail, TAIL_BYTES } from "./tail.ts";
import type { WriteTarget } from "./write_queue.ts";

/** The name of a job's journal file. */
export const JOURNAL = "journal.jsonl";
const ENTRY = "entry";
/** After so many bytes without a head an append repeats it, so that the end of the file has one when the job is opened. */
const HEAD_EVERY = TAIL_BYTES / 2;

/** The fields of a line, filled one by one: spreading optional parts into each line would make an object for each part. */
type JournalMeta = { -readonly [Name in keyof LineMeta]: LineMeta[Name] };

/**
 * A job's journal file: the entries after the snapshot, one per line, with the heads that changed with them. A head that changed
 * alone, by a claim or a release, is a line without an entry. Also keeps the job's record, which the lines change.
 */
export class JournalFile implements WriteTarget {
  readonly #files: Files;
  readonly #folder: string;
  readonly #onHead: (before: KeptRecord, after: KeptRecord) => void;
  readonly #file: GrowingFile;
  #record: KeptRecord;
  /** The record as it will be once the collected lines are stored. */
  #ahead: KeptRecord;
  #at: number;
  #chunks: Uint8Array[] = [];
  #length = 0;
  /** The records before and after each collected head. */
  #heads: (readonly [before: KeptRecord, after: KeptRecord])[] = [];
  #bytesSinceHead = Infinity;

  /**
   * Opens the file, and reads the record from its end. `onHead` is called when a head is stored, with the records before and after
   * it.
   */
  constructor(
    { files, handles, scratch, folder, has }: JobFiles,
    { record, at }: JobBase,
    onHead: (before: KeptRecord, after: KeptRecord) => void,
  ) {
    this.#files = files;
    this.#folder = folder;
    this.#onHead = onHead;
    const isThere = has(JOURNAL);
    const path = `${folder}/${JOURNAL}`;
    const { lines, size } = isThere ? readTail(files, scratch, path, ENTRY, hasHead) : { lines: [], size: 0 };
    const revision = lines.at(-1)?.meta.revision ?? 0;
    const head = lines.findLast(({ meta }) => meta.head !== undefined)?.meta.head;
    // The snapshot is newer than the whole journal: a crash came between the two writes of a compaction. The next write
    // empties the file.
    const isBehind = revision < record.revision;
    const isNewer = head !== undefined && !isBehind;
    this.#record = isBehind ? record : { ...isNewer ? withHead(record, head) : record, revision };
    this.#at = isNewer ? head.at : at;
    this.#ahead = this.#record;
    this.#file = new GrowingFile(files, handles, folder, JOURNAL, isThere, isBehind ? 0 : size);
  }

  /** The record, as of the last stored write. */
  get record(): KeptRecord {
    return this.#record;
  }

  /** The record as it will be once the collected lines are stored. */
  get ahead(): KeptRecord {
    return this.#ahead;
  }

  /** When the last head was made. */
  get at(): number {
    return this.#at;
  }

  /** Notes the sequence of the last command in the job's inbox. No lines may be collected. */
  noteSent(sent: number): void {
    this.#ahead = this.#record = { ...this.#record, sent };
  }

  /** Notes that the snapshot of the present revision is of another flow. No lines may be collected. */
  noteFlow(flowHash: string): void {
    this.#ahead = this.#record = { ...this.#record, flowHash };
  }

  /** Reads the entries after a revision. */
  entriesAfter(revision: number): string[] {
    return this.#entryLines(revision, this.#file.read()).map(({ text = "" }) => text);
  }

  /** Collects entries, or a head, or both for the next `store`. */
  append(entries: readonly string[], head: AppendHead | undefined): void {
    this.#collect(entries, appendTo(this.#ahead, entries, head), head?.at);
  }

  /** Collects a claim for the next `store`. */
  claim(by: Incarnation, now: number): void {
    this.#collect([], claimFor(this.#ahead, by), now);
  }

  /** Appends the collected lines to the file. */
  *store(): Work<void> {
    const [chunks, heads, ahead] = [this.#chunks, this.#heads, this.#ahead];
    if (chunks.length === 0) return;
    this.#chunks = [];
    this.#length = 0;
    if (heads.length > 0) this.#heads = [];
    try {
      yield* this.#file.append(chunks);
    } catch (error) {
      this.#ahead = this.#record;
      this.#bytesSinceHead = Infinity;
      throw failure(`Cannot append to "${this.#file.path}"`, error);
    }
    this.#record = ahead;
    for (const [before, after] of heads) this.#onHead(before, after);
  }

  /** Rewrites the file without the entries up to a revision. The snapshot's header has the head of now. */
  *dropUpTo(revision: number): Work<void> {
    const bytes = this.#file.read();
    const first = this.#entryLines(revision, bytes)[0];
    const rest = first === undefined ? new Uint8Array() : bytes.subarray(first.start);
    yield* replaceFile(this.#files, this.#folder, JOURNAL, [rest], () => this.#file.replaced(rest.length));
    this.#file.nameSynced();
    this.#bytesSinceHead = Infinity;
  }

  /** Closes the file. */
  close(): void {
    this.#file.close();
  }

  #collect(entries: readonly string[], after: KeptRecord, headAt: number | undefined): void {
    const before = this.#ahead;
    if (headAt !== undefined) {
      this.#at = headAt;
      this.#heads.push([before, after]);
    }
    const isTold = headAt !== undefined || this.#bytesSinceHead > HEAD_EVERY;
    for (let index = 0; index < Math.max(entries.length, 1); index++) {
      const text = entries[index];
      const left = entries.length - index - 1;
      const meta: JournalMeta = { revision: text === undefined ? before.revision : before.revision + index + 1 };
      if (left > 0) meta.left = left;
      if (this.#length > 0) meta.back = this.#length;
      if (left <= 0 && isTold) meta.head = headOf(after, this.#at);
      const line = text === undefined ? encodeLine(meta) : encodeLine(meta, ENTRY, text);
      this.#chunks.push(line);
      this.#length += line.length;
      this.#bytesSinceHead += line.length;
    }
    if (isTold) this.#bytesSinceHead = 0;
    this.#ahead = after;
  }

  #entryLines(revision: number, bytes: Uint8Array): Line[] {
    const after = readLines(bytes, this.#file.path, ENTRY).filter(({ meta, text }) =>
      text !== undefined && (meta.revision ?? 0) > revision
    );
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
