import { utf8Length } from "../../base/text.ts";
import type { IdSource } from "../../ports/ids.ts";
import type { Put } from "./client.ts";
import { numberName } from "./names.ts";
import { isValueRef, type Prepared, type ValueRef, type Values } from "./values.ts";

const MOST_SEGMENTS = 16;
/** The maximum size of the texts that are kept within a log, in bytes. */
const MOST_TAIL_BYTES = 4_000;

/** A list of texts that is stored as one value; or, with `isNode`, a list of such segments. */
export interface Segment extends ValueRef {
  /** The number of texts before the first. */
  readonly from: number;
  /** The number of the last text. */
  readonly to: number;
  /** Whether the value is a list of segments, not of texts. */
  readonly isNode?: boolean;
}

/** A list of texts of any length, as a value that stays small. */
export interface Log {
  /** The number of the last text; the first text of all has the number 1. */
  readonly last: number;
  /** The older texts, in order. */
  readonly segments: readonly Segment[];
  /** The newest texts. */
  readonly tail: readonly string[];
}

/** A log without texts. */
export const EMPTY_LOG: Log = { last: 0, segments: [], tail: [] };

/**
 * Reads and writes logs. The newest texts are kept within the log, up to a number of bytes. Beyond that they are moved to a segment,
 * a separate value that the log refers to; and many segments are moved to one value that lists them.
 */
export class Logs {
  readonly #values: Values;
  readonly #ids: IdSource;
  readonly #limit: number;

  /** Makes the access to logs in a storage whose values may have `maxValueBytes` bytes. */
  constructor(values: Values, ids: IdSource, maxValueBytes: number) {
    this.#values = values;
    this.#ids = ids;
    this.#limit = Math.min(MOST_TAIL_BYTES, Math.floor(maxValueBytes / 4));
  }

  /** Adds texts; new segments get keys that begin with `prefix`. */
  add(log: Log, prefix: string, texts: readonly string[]): Prepared<Log> {
    const tail = [...log.tail, ...texts];
    const last = log.last + texts.length;
    if (sizeOf(tail) <= this.#limit) return { result: { ...log, last, tail }, puts: [] };
    const puts: Put[] = [];
    const write = (from: number, list: readonly unknown[]): Segment => {
      const prepared = this.#values.prepare(`${prefix}/${numberName(last)}/${this.#ids.id()}`, JSON.stringify(list));
      puts.push(...prepared.puts);
      return { ...prepared.result, from, to: last };
    };
    const segments = [...log.segments, write(last - tail.length, tail)];
    if (segments.length < MOST_SEGMENTS) return { result: { last, tail: [], segments }, puts };
    const node = { ...write(segments[0]?.from ?? 0, segments), isNode: true };
    return { result: { last, tail: [], segments: [node] }, puts };
  }

  /** Reads the texts after a number. */
  async read({ last, segments, tail }: Log, after: number): Promise<string[]> {
    const first = last - tail.length;
    if (after >= first) return tail.slice(after - first);
    return [...await this.#gather(segments, after), ...tail];
  }

  async #gather(segments: readonly Segment[], after: number): Promise<string[]> {
    const lists = await Promise.all(
      segments.filter(({ to }) => to > after).map(async (segment) => {
        const list: unknown = JSON.parse(await this.#values.read(segment));
        if (segment.isNode === true && isSegments(list)) return await this.#gather(list, after);
        if (!isTexts(list)) throw new TypeError(`The storage has no texts under the key "${segment.key}"`);
        return list.slice(Math.max(0, after - segment.from));
      }),
    );
    return lists.flat();
  }
}

/** Returns a log without its texts up to a number. */
export function trimLog({ last, segments, tail }: Log, upTo: number): Log {
  const kept = tail.slice(Math.max(0, upTo - (last - tail.length)));
  return { last, segments: segments.filter(({ to }) => to > upTo), tail: kept };
}

/** Whether a value that was read from the storage is a log. */
export function isLog(value: unknown): value is Log {
  return typeof value === "object" && value !== null && "last" in value && "segments" in value &&
    isSegments(value.segments) && "tail" in value && isTexts(value.tail);
}

function isSegments(value: unknown): value is readonly Segment[] {
  return Array.isArray(value) && value.every((it) => isValueRef(it) && "from" in it && "to" in it);
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((it) => typeof it === "string");
}

function sizeOf(texts: readonly string[]): number {
  return texts.reduce((sum, text) => sum + utf8Length(text), 0);
}
