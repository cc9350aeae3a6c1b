import type { JobHead, JobRecord } from "../../ports/store.ts";
import type { KeptRecord } from "../../ports/store_kit.ts";

/** The part of a job's record that changes, as files have it. */
export interface StoredHead extends JobHead, Pick<JobRecord, "epoch" | "owner" | "incarnation"> {
  /** When it was made, in milliseconds since 1970. */
  readonly at: number;
}

/** The head of a record. */
export function headOf(record: KeptRecord, at: number): StoredHead {
  const { status, dueAt, endedAt, consumed, epoch, owner, incarnation } = record;
  return { status, dueAt, endedAt, consumed, epoch, owner, incarnation, at };
}

/** A record with a head. */
export function withHead(record: Omit<KeptRecord, keyof StoredHead>, head: StoredHead): KeptRecord {
  const { status, dueAt, endedAt, consumed, epoch, owner, incarnation } = head;
  return { ...record, status, dueAt, endedAt, consumed, epoch, owner, incarnation };
}
