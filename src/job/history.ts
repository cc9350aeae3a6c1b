import { lengthOf, type Payload } from "../values/payload.ts";
import { type ConnectionSource, isFailureOrigin } from "../model/connection.ts";
import { dataOf, type Instant, type Task } from "./task.ts";

/** The kinds of history records. */
export const RECORD_TYPES = ["start", "emit", "error", "retry", "skip"] as const;

/** What a history record tells. */
export type ExecutionRecordType = "start" | "emit" | "error" | "retry" | "skip";

/** One line of a job's history. */
export interface HistoryRecord {
  /** The routine's id. */
  readonly routine: string;
  /** What happened. */
  readonly type: ExecutionRecordType;
  /** The event, for `emit`. */
  readonly event: string | undefined;
  /** The payload, or the error. */
  readonly data: Payload | undefined;
  /** When, in milliseconds since 1970. */
  readonly at: number;
}

/** The first commit of a task. */
export interface TaskStart {
  /** The routine's id. */
  readonly routine: string;
  /** When. */
  readonly time: Instant;
}

/** An emission of which no task tells: it has several routes or none, or its keys are renamed on one. */
export interface Emission {
  /** The event. */
  readonly source: ConnectionSource;
  /** What was emitted. */
  readonly data: Payload | undefined;
  /** When it entered the job. */
  time: Instant;
}

/**
 * An entry of the history, from which its line is made when somebody reads it. The history is seldom read, and most of its entries
 * are tasks, which exist anyway.
 */
export type HistoryEntry = TaskStart | Emission | Task | HistoryRecord;

/** The line of the history that an entry stands for. */
export function recordOf(entry: HistoryEntry): HistoryRecord {
  if ("type" in entry) return entry;
  if ("source" in entry) return emitRecord(entry.source, entry.data, entry.time);
  if ("route" in entry) {
    const { connection } = entry.route;
    // Unreachable: a task that stands for an emission came by a connection of an event.
    const source = connection === undefined || isFailureOrigin(connection) ? NOWHERE : connection;
    return emitRecord(source, dataOf(entry), entry.created);
  }
  return { routine: entry.routine, type: "start", event: undefined, data: undefined, at: entry.time.at };
}

/** What a line of a list counts for besides its data: about the text of its instant, its routine and its event. */
export const LINE_LENGTH = 80;

/** About how many characters the text has of the line that an entry stands for. */
export function historyLength(entry: HistoryEntry): number {
  return LINE_LENGTH + ("data" in entry ? lengthOf(entry.data) : 0);
}

const NOWHERE: ConnectionSource = Object.freeze({ routine: "", event: "" });

function emitRecord({ routine, event }: ConnectionSource, data: Payload | undefined, { at }: Instant): HistoryRecord {
  return { routine, type: "emit", event, data, at };
}
