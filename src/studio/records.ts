import { formatInstant } from "../base/instant.ts";
import { describeEntry } from "../inspect/journal_entry.ts";
import type { JobRecord, StoredJob } from "../ports/store.ts";
import { isRecord } from "../values/json.ts";

/** A record as answers have it: instants in ISO 8601, and no parts that are undefined. */
export function recordJson(record: JobRecord): object {
  const { createdAt, dueAt, endedAt, heldUntil, incarnation, owner, parentId, ...others } = record;
  const parts = {
    ...others,
    createdAt: formatInstant(createdAt),
    dueAt: instantOf(dueAt),
    endedAt: instantOf(endedAt),
    heldUntil: instantOf(heldUntil),
    incarnation,
    owner,
    parentId,
  };
  return Object.fromEntries(Object.entries(parts).filter(([, value]) => value !== undefined));
}

function instantOf(at: number | undefined): string | undefined {
  return at === undefined ? undefined : formatInstant(at);
}

/** A revision of a job that its journal has kept. */
export interface Revision {
  readonly revision: number;
  /** When it came about; not known of the state with which the kept journal begins. */
  readonly at?: string;
  readonly kind: string;
  /** What has changed, in a few words. */
  readonly what: string;
}

/** The revisions of a job, oldest first: all that are kept, or some of them, by their places in the kept journal. */
export function revisionsOf(
  { entries, snapshotRevision }: StoredJob,
  from: number = 0,
  to: number = Infinity,
): Revision[] {
  const first = { revision: snapshotRevision, kind: "snapshot", what: "the state with which the kept journal begins" };
  // A job may have very many entries: only those that are asked for are read.
  const read = entries.slice(Math.max(0, from - 1), Math.max(0, to - 1)).map((text, index) =>
    readEntry(text, snapshotRevision + Math.max(1, from) + index)
  );
  return from === 0 ? [first, ...read] : read;
}

function readEntry(text: string, revision: number): Revision {
  const entry: unknown = JSON.parse(text);
  const { at, kind } = isRecord(entry) ? entry : {}; // Unreachable default: a journal's entries are objects.
  const what = isRecord(entry) ? describeEntry(entry) : ""; // Unreachable default: as above.
  return { revision, ...(typeof at === "string" ? { at } : {}), kind: String(kind), what };
}
