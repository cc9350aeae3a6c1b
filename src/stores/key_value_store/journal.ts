import type { IdSource } from "../../ports/ids.ts";
import { utf8Length } from "../../base/text.ts";
import { type Head, isSegments, type Segment } from "./head.ts";
import type { ValueRef, Values } from "./values.ts";

const MOST_SEGMENTS = 16;

/** The result of adding entries to a head. */
export interface Lengthened {
  /** The new head, which is not written yet. */
  readonly head: Head;
  /** Values that were written for it; to be removed if the head cannot be written. */
  readonly written: readonly ValueRef[];
}

/**
 * A job's journal. The newest entries are kept in the head, up to a number of bytes. Beyond that they are moved to a
 * segment, a separate value that the head refers to; and many segments are moved to one value that lists them. So a
 * head stays small, however long the journal is.
 */
export interface SegmentedJournal {
  /** Adds entries to a head. */
  add(head: Head, entries: readonly string[]): Promise<Lengthened>;
  /** Reads the entries after the snapshot. */
  load(head: Head): Promise<string[]>;
  /** Returns the segments and the tail of a head whose snapshot is now at `revision`. */
  trim(head: Head, revision: number): Pick<Head, "segments" | "tail">;
}

/** Makes journals whose heads hold at most `limit` bytes of entries. */
export function segmentedJournal(values: Values, limit: number, ids: IdSource): SegmentedJournal {
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
