import type { OwnerState } from "../../ports/lease_kit.ts";
import type { QueueState } from "../../ports/permit_kit.ts";
import type { KeptRecord } from "../../ports/store_kit.ts";
import type { DbKey } from "./types.ts";

/** A job without its texts. */
export interface JobRow {
  readonly jobId: string;
  readonly createdAt: number;
  readonly record: KeptRecord;
  /** Names the call that has created it. */
  readonly token: string;
  /** Its place among the jobs that may be due, now or later; absent when only a command can make it due. */
  readonly due?: DbKey;
  /** Its place among the jobs that may be purged; absent when it must not be. */
  readonly ended?: DbKey;
}

/** The flow and the snapshot of a life. */
export interface DocumentRow {
  readonly life: number;
  readonly flow: string;
  readonly snapshot: string;
  readonly snapshotRevision: number;
}

/** An entry of a journal. */
export interface EntryRow {
  readonly life: number;
  readonly revision: number;
  readonly text: string;
}

/** A command, or what is remembered of one that was consumed. */
export interface CommandRow {
  readonly life: number;
  readonly sequence: number;
  readonly key: string;
  readonly hash: string;
  /** Whether a job that has ended takes it. */
  readonly reopens: boolean;
  /** Its text, until it is consumed. */
  readonly text: string | undefined;
  /** When it was consumed. */
  readonly usedAt: number | undefined;
  /** Why it could not be carried out. */
  readonly refusal: string | undefined;
}

/** An owner. */
export interface OwnerRow extends OwnerState {
  readonly owner: string;
}

/** A queue with limits. */
export interface QueueRow {
  readonly queue: string;
  readonly state: QueueState;
}

/** Numbers of the whole store. */
export interface NumbersRow {
  readonly name: "lives" | "incarnations" | "survived";
  readonly numbers: readonly number[];
}

/** Why a job may be due: it is at an instant, its owner may die, or it has commands. */
const REASON = { dueAt: 0, owner: 1, commands: 2 } as const;

/**
 * The row of a record. All jobs of a holder are held, or none is; all jobs of a group (holder, reason, priority, queue, flow) are asked for,
 * or none is. In a group, the one that has been due for longest is the first.
 */
export function toRow(record: KeptRecord, token: string): JobRow {
  const { jobId, createdAt, dueAt, endedAt } = record;
  const group = groupOf(record);
  const since = group?.[1] === REASON.dueAt ? dueAt ?? createdAt : createdAt;
  return {
    ...{ jobId, createdAt, record, token },
    ...group && { due: [...group, since, createdAt, jobId] },
    ...group === undefined && endedAt !== undefined && { ended: [endedAt, jobId] },
  };
}

/** How many parts of a place name its group. */
export const GROUP_LENGTH = 6;

function groupOf(record: KeptRecord): readonly (string | number)[] | undefined {
  const { owner, incarnation = 0, priority, queue, flowId, flowHash, sent, consumed, dueAt } = record;
  if (owner === undefined && sent === consumed && dueAt === undefined) return undefined;
  const reason = sent > consumed ? REASON.commands : owner === undefined ? REASON.dueAt : REASON.owner;
  return [owner === undefined ? 0 : incarnation, reason, priority, queue, flowId, flowHash];
}

/** The end of the jobs of a group that are due at an instant. */
export function endOfDue(group: readonly DbKey[], now: number): readonly DbKey[] {
  return group[1] === REASON.dueAt ? [...group, now, []] : [...group, []];
}

/** The beginning of the places of the jobs that an incarnation has claimed: all, or those with commands. */
export function claimedBy(incarnation: number, isWithCommands: boolean): readonly DbKey[] {
  return isWithCommands ? [incarnation, REASON.commands] : [incarnation];
}
