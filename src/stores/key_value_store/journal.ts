import type { IdSource } from "../../ports/ids.ts";
import { utf8Length } from "../../base/utf8.ts";
import { type Head, isSegments, type Segment } from "./head.ts";
import type { ValueRef, Values } from "./values.ts";

const MOST_SEGMENTS = 16;

/** A head with more entries, and the values that were written for it. */
export interface Lengthened {
  /** The head. */
  readonly head: Head;
  /** What is to be removed when the head is not written after all. */
  readonly written: readonly ValueRef[];
}

/**
 * The journal of a job. The last entries stand in the head, up to a number of bytes; then they become a segment, a value of its
 * own that the head refers to; and many segments become one that lists them. So a head stays small however long the journal is.
 */
export interface Journal {
  /** Adds entries to a head. */
  add(head: Head, entries: readonly string[]): Promise<Lengthened>;
  /** The entries after the snapshot. */
  load(head: Head): Promise<string[]>;
  /** A head whose snapshot has come to a revision. */
  trim(head: Head, revision: number): Pick<Head, "segments" | "tail">;
}

/** Makes journals whose heads have entries of `limit` bytes at most. */
export function journalOf(values: Values, limit: number, ids: IdSource): Journal {
  const write = async (head: Head, from: number, to: number, list: readonly unknown[]): Promise<Segment> => {
    const ref = await values.write(`${head.data}/e/${to}/${ids.id()}`, JSON.stringify(list));
    return { ...ref, from, to };
  };
  const gather = async (segments: readonly Segment[], after: number): Promise<string[]> => {
    const lists = await Promise.all(
      segments.filter(({ to }) => to > after).map(async (segment) => {
        const list: unknown = JSON.parse(await values.read(segment));
        if (segment.isNode === true && isSegments(list)) return await gather(list, after);
        if (!isTexts(list)) throw new TypeError(`The storage has no entries under the key "${segment.key}"`);
        return list.slice(Math.max(0, after - segment.from));
      }),
    );
    return lists.flat();
  };
  return {
    async add(head, entries) {
      const tail = [...head.tail, ...entries];
      const revision = head.revision + entries.length;
      if (sizeOf(tail) <= limit) return { head: { ...head, revision, tail }, written: [] };
      const segment = await write(head, revision - tail.length, revision, tail);
      const segments = [...head.segments, segment];
      const longer = { ...head, revision, tail: [] };
      if (segments.length < MOST_SEGMENTS) return { head: { ...longer, segments }, written: [segment] };
      const node = await write(head, segments[0]?.from ?? 0, revision, segments);
      return { head: { ...longer, segments: [{ ...node, isNode: true }] }, written: [segment, node] };
    },
    async load({ segments, tail, revision, snapshotRevision }) {
      const older = await gather(segments, snapshotRevision);
      return [...older, ...tail.slice(Math.max(0, snapshotRevision - (revision - tail.length)))];
    },
    trim: ({ segments, tail, revision: last }, revision) => ({
      segments: segments.filter(({ to }) => to > revision),
      tail: tail.slice(Math.max(0, revision - (last - tail.length))),
    }),
  };
}

function sizeOf(texts: readonly string[]): number {
  return texts.reduce((sum, text) => sum + utf8Length(text), 0);
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((it) => typeof it === "string");
}
