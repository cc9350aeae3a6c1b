import type { JobHead, JobRecord } from "../../ports/store.ts";
import { isValueRef, type ValueRef } from "./values.ts";

const FORMAT = "routilux/key-value-job";
const VERSION = 1;

/** Entries that were written as one value, or several such segments that were. */
export interface Segment extends ValueRef {
  /** The revision before the first entry. */
  readonly from: number;
  /** The revision of the last entry. */
  readonly to: number;
  /** Whether the value lists segments instead of entries. */
  readonly isNode?: boolean;
}

/** The value of a job's key: all else is reached from here, and only what is reached from here is there. */
export interface Head {
  /** What this is. */
  readonly format: typeof FORMAT;
  /** The version of the format. */
  readonly version: typeof VERSION;
  /** The job's id. */
  readonly jobId: string;
  /** The key under which the values of the job are, of this one and no other with its id. */
  readonly data: string;
  /** How often the head has been written. */
  readonly turn: number;
  /** Tells this write from all others. */
  readonly write: string;
  /** When the job was created, in milliseconds since 1970. */
  readonly createdAt: number;
  /** What the port keeps beside a job. */
  readonly head: Omit<JobHead, "wakeAt" | "owner"> & Partial<Pick<JobHead, "wakeAt" | "owner">>;
  /** How many entries the journal has had. */
  readonly revision: number;
  /** The revision of the snapshot. */
  readonly snapshotRevision: number;
  /** The flow's document. */
  readonly flow: ValueRef;
  /** The job's document. */
  readonly snapshot: ValueRef;
  /** The older entries, in turn. */
  readonly segments: readonly Segment[];
  /** The last entries. */
  readonly tail: readonly string[];
  /** How many commands were sent. */
  readonly sent: number;
}

/** The value of a job's key from the moment in which it is gone, until its other values are. */
export interface Tombstone extends Pick<Head, "format" | "version" | "jobId" | "data" | "turn" | "write"> {
  /** Tells it from a head. */
  readonly isDeleted: true;
}

/** What all heads say of themselves. */
export const KIND: Pick<Head, "format" | "version"> = { format: FORMAT, version: VERSION };

/** What the value of a job's key says. */
export function parseHead(text: string): Head | Tombstone {
  const value: unknown = JSON.parse(text);
  if (isKind(value) && value.version !== VERSION) {
    throw new Error(
      `Cannot read a job of the key-value store: its version is ${value.version}, this version of routilux knows ` +
        `${VERSION}; use the newer one that wrote it`,
    );
  }
  if (!isHead(value)) throw new TypeError(`The storage has ${text.slice(0, 40)} where there should be a job`);
  return value;
}

/** What the lists show of a job. */
export function toRecord({ jobId, createdAt, revision, head }: Head): JobRecord {
  const { flowId, status, wakeAt, owner, epoch, consumed } = head;
  return { jobId, createdAt, revision, flowId, status, wakeAt, owner, epoch, consumed };
}

/** Whether a value lists segments, read from a document of this store. */
export function isSegments(value: unknown): value is readonly Segment[] {
  return Array.isArray(value) && value.every((it) => isValueRef(it) && "from" in it && "to" in it);
}

function isKind(value: unknown): value is { readonly version: unknown } {
  return typeof value === "object" && value !== null && "format" in value && value.format === FORMAT &&
    "version" in value;
}

function isHead(value: unknown): value is Head | Tombstone {
  return isKind(value) &&
    ("isDeleted" in value || "tail" in value && "segments" in value && isSegments(value.segments));
}
