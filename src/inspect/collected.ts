import type { JobDocument } from "../documents/job.ts";
import type { ListDocument } from "../documents/slots.ts";
import { entriesOf } from "./documents.ts";

/** What a slot has collected under one key, and not handed on. */
export interface CollectedSummary {
  /** The routine. */
  readonly routine: string;
  /** Its slot. */
  readonly slot: string;
  /** The key of the data, or what a join groups by. */
  readonly key: string;
  /** How many items there are. */
  readonly items: number;
}

/** Says what slots have collected. */
export function summarizeCollected({ slots }: JobDocument): CollectedSummary[] {
  return entriesOf(slots).flatMap(([routine, own]) =>
    entriesOf(own).flatMap(([slot, { lists = [] }]) =>
      lists.map((list) => ({ routine, slot, key: list.key, items: leftIn(list) })).filter(({ items }) => items > 0)
    )
  );
}

/** Cleared items stay in the document while tasks still need them, but are not counted. */
function leftIn({ cleared = 0, items, start = 0 }: ListDocument): number {
  return items.length - Math.max(0, cleared - start);
}
