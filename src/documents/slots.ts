import { MAX_COUNT } from "../base/bounded_list.ts";
import type { Job } from "../job/job.ts";
import { createSlotLists, type SlotData, type SlotList } from "../job/slot_data.ts";
import type { JsonValue } from "../values/json.ts";
import type { Payload } from "../values/payload.ts";
import * as c from "./codec.ts";
import type { JobDocument } from "./job.ts";

/** What a slot holds: a value, or lists by key. */
export interface SlotDataDocument {
  /** The lists, by key. */
  readonly lists?: readonly ListDocument[];
  /** The value. */
  readonly value?: JsonValue;
}

/** One list of an append slot. */
export interface ListDocument {
  /** The position of the first item that has not been cleared, where earlier ones are still held. */
  readonly cleared?: number;
  /** The items. */
  readonly items: readonly JsonValue[];
  /** The key under which they came. */
  readonly key: string;
  /** The position of the first item, counted from the first ever. */
  readonly start?: number;
}

const slotLists: c.Codec<ReadonlyMap<string, SlotList>, readonly ListDocument[]> = c.keyed(
  c.shape<ListParts, ListDocument>({
    cleared: c.optional(c.positive),
    items: c.list(c.value),
    key: c.key,
    start: c.optionalCount,
  }),
  (key, { start, cleared, items }) => ({ cleared: cleared === start ? undefined : cleared, items, key, start }),
  ({ start, cleared = start, items }, reader, path) => {
    const end = start + items.length;
    if (end > MAX_COUNT) reader.fail(`${path}.start`, `at most ${MAX_COUNT - items.length}`, String(start));
    if (cleared < start || cleared > end) {
      reader.fail(`${path}.cleared`, `a position from ${start} to ${end}`, String(cleared));
    }
    return { start, cleared, items: [...items] };
  },
);

interface ListParts {
  readonly cleared: number | undefined;
  readonly items: readonly (Payload)[];
  readonly key: string;
  readonly start: number;
}

const slotData: c.Codec<SlotData, SlotDataDocument> = c.via(
  c.valueOrLists(slotLists),
  (data) => data,
  (data) => data.kind === "value" ? { ...data, revision: 0 } : { ...createSlotLists(), lists: new Map(data.lists) },
);

/** A slot whose lists have all been cleared holds nothing. */
export const slots: c.Codec<Job["slots"], JobDocument["slots"]> = c.via(c.optionalNamed(c.named(slotData)), (slots) => {
  const filled = new Map<string, Map<string, SlotData>>();
  for (const [routine, data] of slots) {
    const some = Array.from(data).filter(([, it]) => it.kind === "value" || it.lists.size > 0);
    if (some.length > 0) filled.set(routine, new Map(some));
  }
  return filled;
}, (slots) => slots);
