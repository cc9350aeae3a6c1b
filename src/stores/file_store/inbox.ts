import { hashText } from "../../base/text_hash.ts";
import type { NewCommand, StoredCommand } from "../../ports/store.ts";
import { failure, type Files, replaceFile, type Work } from "./files.ts";
import { GrowingFile, type JobFiles } from "./growing_file.ts";
import { encodeLine, type Line, readLines } from "./json_lines.ts";
import { readTail } from "./tail.ts";
import type { WriteTarget } from "./write_queue.ts";

/** The name of a job's inbox file. */
export const INBOX = "inbox.jsonl";
const COMMAND = "command";
/** The file is rewritten when the texts of consumed commands take more bytes than this, and more than half of it. */
const MOST_WASTE = 1 << 16;

/** A key that was sent. */
interface Key {
  readonly key: string;
  readonly sequence: number;
  readonly hash: string;
  /** Whether a job that has ended takes its command. */
  readonly reopens: boolean;
  /** When its command was consumed, or later; `undefined` while it is not. */
  usedAt: number | undefined;
}

/**
 * A job's inbox file: one command per line. Consumed commands are needed for their keys only. When the file is rewritten, their
 * texts are dropped, and with them the keys that need not be remembered any more.
 */
export class InboxFile implements WriteTarget {
  readonly #files: Files;
  readonly #folder: string;
  readonly #onStored: (count: number) => void;
  readonly #file: GrowingFile;
  #count: number;
  #consumed: number;
  #consumedAt: number;
  /** The keys in use, in order, those of collected commands included; read from the file on first use. */
  #keys: Map<string, Key> | undefined;
  /** The keys of the stored commands that are not consumed, in order, once the keys were read. */
  #unread: Key[] = [];
  /** The sequence of the first command in the file, once the file was read. */
  #first: number;
  /** The positions of the first commands in the file; of all that were stored or read since the file was opened. */
  #starts: number[] = [];
  /** How many bytes at the beginning of the file are lines without texts. */
  #shortened = 0;
  #collected: { readonly key: Key; readonly line: Uint8Array }[] = [];
  #length = 0;

  /**
   * Opens the file, and reads the number of the last command. The commands up to `consumed` are consumed, at an instant or before.
   * `onStored` is called with the number of the last command after each write.
   */
  constructor(
    { files, handles, scratch, folder, has }: JobFiles,
    consumed: number,
    consumedAt: number,
    onStored: (count: number) => void,
  ) {
    this.#files = files;
    this.#folder = folder;
    this.#consumed = consumed;
    this.#consumedAt = consumedAt;
    this.#onStored = onStored;
    const isThere = has(INBOX);
    const path = `${folder}/${INBOX}`;
    const { lines, size } = isThere
      ? readTail(files, scratch, path, COMMAND, (some) => some.length > 0)
      : { lines: [], size: 0 };
    const last = lines.at(-1)?.meta.sequence ?? 0;
    // Commands that were consumed are missing: without flushes, a loss of power may keep the later of two writes only. The next
    // write empties the file.
    const isBehind = last < consumed;
    this.#count = isBehind ? consumed : last;
    this.#first = isBehind ? consumed + 1 : 1;
    this.#file = new GrowingFile(files, handles, folder, INBOX, isThere, isBehind ? 0 : size);
  }

  /** The number of commands that were ever stored, which is the sequence of the last. */
  get count(): number {
    return this.#count;
  }

  /** The number of the commands that are not consumed, those included that are collected. */
  get unread(): number {
    return this.#count + this.#collected.length - this.#consumed;
  }

  /** Reads the commands that are not consumed, with a sequence above the given one. */
  commandsAfter(sequence: number): StoredCommand[] {
    const after = Math.max(sequence, this.#consumed);
    return after >= this.#count ? [] : this.#linesAfter(after).map(commandOf);
  }

  /** Notes that the commands up to a sequence are consumed, at an instant or before. */
  consume(sequence: number, at: number): void {
    if (sequence <= this.#consumed) return;
    this.#consumed = sequence;
    this.#consumedAt = at;
    const left = this.#unread.findIndex((key) => key.sequence > sequence);
    for (const key of this.#unread.splice(0, left < 0 ? this.#unread.length : left)) key.usedAt = at;
  }

  /** The hash of the text that was sent with a key; `undefined` for a new key. */
  hashOf(key: string): string | undefined {
    return this.#readKeys().get(key)?.hash;
  }

  /** Whether a command that is not consumed reopens a job that has ended. */
  get reopens(): boolean {
    for (const { sequence, reopens } of this.#readKeys().values()) {
      if (reopens && sequence > this.#consumed) return true;
    }
    return false;
  }

  /** The sequence of the stored command that was sent with a key, if the key is remembered. */
  sequenceOf(key: string): number | undefined {
    const { sequence = Infinity } = this.#readKeys().get(key) ?? {};
    return sequence <= this.#count ? sequence : undefined;
  }

  /** The sequence of the first command in the file: whoever opens it remembers its key. */
  get first(): number {
    this.#readKeys();
    return this.#first;
  }

  /** Collects a command with a new key for the next `store`, and forgets keys that are old enough. */
  add({ key, text, reopens, now, keyRetentionMs }: NewCommand, hash: string): void {
    const keys = this.#readKeys();
    for (const { key: old, usedAt = Infinity } of keys.values()) {
      if (usedAt + keyRetentionMs > now) break;
      keys.delete(old);
    }
    const sequence = this.#count + this.#collected.length + 1;
    const line = encodeLine(
      { sequence, key, ...reopens && { reopens }, ...this.#length > 0 && { back: this.#length } },
      COMMAND,
      text,
    );
    const added = { key, sequence, hash, reopens, usedAt: undefined };
    keys.set(key, added);
    this.#collected.push({ key: added, line });
    this.#length += line.length;
  }

  /** Appends the collected commands to the file. */
  *store(): Work<void> {
    const collected = this.#collected;
    this.#collected = [];
    this.#length = 0;
    if (collected.length === 0) return;
    try {
      if (this.#isWasteful()) yield* this.#shorten();
      let position = this.#file.size;
      yield* this.#file.append(collected.map(({ line }) => line));
      for (const { key, line: { length } } of collected) {
        this.#unread.push(key);
        this.#starts.push(position);
        position += length;
      }
    } catch (error) {
      for (const { key: { key } } of collected) this.#keys?.delete(key);
      throw failure(`Cannot append to "${this.#file.path}"`, error);
    }
    this.#count += collected.length;
    this.#onStored(this.#count);
  }

  /** Closes the file. */
  close(): void {
    this.#file.close();
  }

  #readKeys(): Map<string, Key> {
    if (this.#keys !== undefined) return this.#keys;
    const keys = new Map<string, Key>();
    for (const line of this.#linesAfter(0)) {
      const key = this.#keyOf(line);
      keys.set(key.key, key);
      if (key.usedAt === undefined) this.#unread.push(key);
    }
    return this.#keys = keys;
  }

  #keyOf({ meta: { sequence = 0, key = "", reopens = false, hash, usedAt }, text = "" }: Line): Key {
    const lastUse = sequence <= this.#consumed ? this.#consumedAt : undefined;
    return { key, sequence, hash: hash ?? hashText(text), reopens, usedAt: usedAt ?? lastUse };
  }

  #isWasteful(): boolean {
    const needed = this.#starts[this.#consumed + 1 - this.#first] ?? this.#file.size;
    return needed - this.#shortened > Math.max(MOST_WASTE, this.#file.size / 2);
  }

  /** Rewrites the file without what is not needed. The last line stays in any case: it has the number of the last command. */
  *#shorten(): Work<void> {
    const oldest = this.#keys?.values().next().value?.sequence ?? 1;
    const first = Math.min(oldest, this.#count);
    const starts: number[] = [];
    const chunks: Uint8Array[] = [];
    let [size, shortened] = [0, 0];
    for (const line of this.#linesAfter(first - 1)) {
      const { key, sequence, hash, reopens, usedAt } = this.#keyOf(line);
      const isUsed = usedAt !== undefined;
      const chunk = isUsed
        ? encodeLine({ sequence, key, hash, usedAt: this.#keys?.get(key)?.usedAt ?? usedAt })
        : encodeLine({ sequence, key, ...reopens && { reopens } }, COMMAND, line.text);
      chunks.push(chunk);
      starts.push(size);
      size += chunk.length;
      if (isUsed) shortened = size;
    }
    yield* replaceFile(this.#files, this.#folder, INBOX, chunks, () => {
      this.#file.replaced(size);
      this.#first = first;
      this.#starts = starts;
      this.#shortened = shortened;
    });
    this.#file.nameSynced();
  }

  /** An owner asks for the newest commands again and again: those before are read once only, to find where they end. */
  #linesAfter(sequence: number): Line[] {
    const known = Math.max(0, Math.min(sequence + 1 - this.#first, this.#starts.length - 1));
    const { path } = this.#file;
    const start = this.#starts[known] ?? 0;
    const lines = readLines(this.#file.readFrom(start), path, COMMAND, known);
    if (this.#starts.length === 0) {
      this.#first = lines[0]?.meta.sequence ?? this.#first;
      this.#shortened = lines.find(({ text }) => text !== undefined)?.start ?? this.#file.size;
    }
    for (const line of lines.slice(this.#starts.length - known)) this.#starts.push(start + line.start);
    return lines.filter(({ meta }) => (meta.sequence ?? 0) > sequence);
  }
}

function commandOf({ meta: { sequence = 0, key = "" }, text = "" }: Line): StoredCommand {
  return { sequence, key, text };
}
