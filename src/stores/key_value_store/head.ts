import type { JobHead, JobRecord } from "../../ports/store.ts";
import { isValueRef, type ValueRef } from "./values.ts";

const FORMAT = "routilux/key-value-job";
const VERSION = 1;

/** A list of entries that is stored as one value; or, with `isNode`, a list of such segments. */
export interface Segment extends ValueRef {
  /** The revision before the first entry. */
  readonly from: number;
  /** The revision of the last entry. */
  readonly to: number;
  /** Whether the value is a list of segments, not of entries. */
  readonly isNode?: boolean;
}

/**
 * The value of a job's key. It refers to all other values of the job; values that it does not refer to do not count.
 */
export interface Head {
  /** The name of the format. */
  readonly format: typeof FORMAT;
  /** The version of the format. */
  readonly version: typeof VERSION;
  /** The job's id. */
  readonly jobId: string;
  /**
   * The prefix of the keys of the job's other values. A job that is created again with the same id gets another prefix.
   */
  readonly data: string;
  /** How many times the head has been written. */
  readonly turn: number;
  /** A random id of this write. */
  readonly write: string;
  /** When the job was created, in milliseconds since 1970. */
  readonly createdAt: number;
  /** The head of the port `Store`. */
  readonly head: Omit<JobHead, "wakeAt" | "owner"> & Partial<Pick<JobHead, "wakeAt" | "owner">>;
  /** The job's revision. */
  readonly revision: number;
  /** The revision of the snapshot. */
  readonly snapshotRevision: number;
  /** The flow's document. */
  readonly flow: ValueRef;
  /** The job's document. */
  readonly snapshot: ValueRef;
  /** The older entries, in order. */
  readonly segments: readonly Segment[];
  /** The newest entries. */
  readonly tail: readonly string[];
  /** How many commands have been sent. */
  readonly sent: number;
}

/** The value of a deleted job's key, until the job's other values are removed. */
export interface Tombstone extends Pick<Head, "format" | "version" | "jobId" | "data" | "turn" | "write"> {
  /** Distinguishes a tombstone from a head. */
  readonly isDeleted: true;
}

/** The fields that all heads share. */
export const KIND: Pick<Head, "format" | "version"> = { format: FORMAT, version: VERSION };

/** Parses the value of a job's key. */
export function parseHead(text: string): Head | Tombstone {
  const value: unknown = JSON.parse(text);
  if (isKind(value) && value.version !== VERSION) {
    throw new Error(
      `Cannot read a job of the key-value store: its version is ${value.version}, this version of routilux supports ` +
        `${VERSION}; use the newer version that wrote it`,
    );
  }
  if (!isHead(value)) throw new TypeError(`The storage has ${text.slice(0, 40)} instead of a job`);
  return value;
}

/** Returns the job's record. */
export function toRecord({ jobId, createdAt, revision, head }: Head): JobRecord {
  const { flowId, status, wakeAt, owner, epoch, consumed } = head;
  return { jobId, createdAt, revision, flowId, status, wakeAt, owner, epoch, consumed };
}

/** Whether a value that was read from the storage is a list of segments. */
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
