import type { KeptRecord } from "../../ports/store_kit.ts";
import { isLog, type Log } from "./log.ts";
import type { Turns } from "./marks.ts";
import { isValueRef, type ValueRef } from "./values.ts";

const FORMAT = "routilux/key-value-job";
const VERSION = 1;

/** What every write of a job's key gives anew. */
export interface Write {
  /** How many times the value has been written. */
  readonly turn: number;
  /** A random id of this write. */
  readonly write: string;
}

/**
 * The value of a job's key: the truth about the job. It refers to all other values of the job; values that it does not refer to do
 * not count.
 */
export interface JobState extends Write {
  /** The name of the format. */
  readonly format: typeof FORMAT;
  /** The version of the format. */
  readonly version: typeof VERSION;
  /** The job's record. */
  readonly record: KeptRecord;
  /** The token of the call that created the job. */
  readonly token: string;
  /** The flow's document. */
  readonly flow: ValueRef;
  /** The job's document. */
  readonly snapshot: ValueRef;
  /** The revision of the snapshot. */
  readonly snapshotRevision: number;
  /** The entries after the snapshot. */
  readonly journal: Log;
  /** The commands that are not consumed, each as the JSON of its key, its text, and whether a job that has ended takes it. */
  readonly inbox: Log;
  /** The commands that could not be carried out, each as the JSON of its sequence, when it was consumed, and why. */
  readonly refusals: Log;
  /** When keys of consumed commands were last looked through, in milliseconds since 1970. */
  readonly forgotAt: number;
  /** The turns of the marks by which the job is found. */
  readonly marks: Turns;
}

/**
 * The value of the key of a job that is not there: it was deleted, and its other values are still to be removed; or calls are
 * writing the values of a job that is to be created.
 */
export interface Ghost extends Write {
  /** The name of the format. */
  readonly format: typeof FORMAT;
  /** The version of the format. */
  readonly version: typeof VERSION;
  /** Whether the job was deleted. */
  readonly isDeleted: boolean;
  /** The lives whose values are there. */
  readonly lives: readonly number[];
  /** The mark by which the remains of a deleted job are found. */
  readonly mark?: string | undefined;
}

/** The fields that all values share. */
export const KIND: Pick<JobState, "format" | "version"> = { format: FORMAT, version: VERSION };

/** Parses the value of a job's key. */
export function parseState(text: string): JobState | Ghost {
  const value: unknown = JSON.parse(text);
  if (isKind(value) && value.version !== VERSION) {
    throw new Error(
      `Cannot read a job of the key-value store: its version is ${value.version}, this version of routilux supports ` +
        `${VERSION}; use the newer version that wrote it`,
    );
  }
  if (isGhost(value)) return value;
  if (!isJob(value)) throw new TypeError(`The storage has ${text.slice(0, 40)} instead of a job`);
  return { ...value, record: wholeRecord(value.record) };
}

/** JSON leaves out properties that are `undefined`. */
function wholeRecord(record: KeptRecord): KeptRecord {
  const { parentId, dueAt, endedAt, owner, incarnation } = record;
  return { ...record, parentId, dueAt, endedAt, owner, incarnation };
}

function isKind(value: unknown): value is { readonly version: unknown } {
  return typeof value === "object" && value !== null && "format" in value && value.format === FORMAT &&
    "version" in value;
}

function isGhost(value: unknown): value is Ghost {
  return isKind(value) && "lives" in value && Array.isArray(value.lives);
}

function isJob(value: unknown): value is JobState {
  return isKind(value) && "record" in value && "snapshot" in value && isValueRef(value.snapshot) &&
    "journal" in value && isLog(value.journal) && "inbox" in value && isLog(value.inbox) && "refusals" in value &&
    isLog(value.refusals);
}
