import { formatInstant } from "../base/instant.ts";
import { wireOf } from "../base/json.ts";
import type { Commit, KeyChange, MigratedState, SideEffects, Verdict } from "../scheduler/commit.ts";
import { errorJson } from "../scheduler/decide.ts";
import type { SlotChange } from "../scheduler/slot_data.ts";
import type {
  CommitDocument,
  CommitEnvelope,
  EffectsDocument,
  KeyChangeDocument,
  MigratedDocument,
  SlotChangeDocument,
  VerdictDocument,
} from "./commit_documents.ts";
import { compact, compactSorted } from "./compact.ts";
import {
  encodeDeferred,
  encodeLog,
  encodeMerged,
  encodeOutput,
  encodePausePoint,
  encodeRecord,
  encodeTask,
  flag,
  list,
  wire,
} from "./part_encoder.ts";

/**
 * Writes a commit that has not been applied yet: tasks of the job are named by their ids, new ones are written whole.
 */
export function encodeCommit(commit: Commit): CommitDocument {
  const { at, ranMs } = commit;
  const envelope: CommitEnvelope = { at: formatInstant(at), format: "routilux/commit", ranMs, version: 1 };
  switch (commit.kind) {
    case "merge":
      return compactSorted({
        ...envelope,
        kind: commit.kind,
        merged: encodeMerged(commit.merged),
        records: list(commit.records, encodeRecord),
        slot: commit.slot === undefined ? undefined : encodeSlotChange(commit.slot),
        task: commit.task.id,
      });
    case "step":
      return compactSorted({
        ...envelope,
        classVersion: commit.version,
        created: list(commit.created, encodeTask),
        effects: commit.effects === undefined ? undefined : encodeEffects(commit.effects),
        kind: commit.kind,
        outcome: commit.outcome,
        progress: wire(commit.progress),
        records: list(commit.records, encodeRecord),
        step: commit.step,
        task: commit.task.id,
      });
    case "failure":
      return compactSorted({
        ...envelope,
        classVersion: commit.version,
        error: errorJson(commit.error),
        kind: commit.kind,
        records: list(commit.records, encodeRecord),
        task: commit.task.id,
        verdict: encodeVerdict(commit.verdict),
      });
    case "deliver":
      return commit.task.details?.awaiting !== undefined
        ? compactSorted({ ...envelope, data: wire(commit.data), fills: commit.task.id, kind: commit.kind })
        : compactSorted({ ...envelope, kind: commit.kind, task: encodeTask(commit.task) });
    case "deferred":
      return compactSorted({
        ...envelope,
        created: list(commit.created, encodeTask),
        kind: commit.kind,
        records: list(commit.records, encodeRecord),
      });
    case "status":
      return compactSorted({
        ...envelope,
        error: commit.error === undefined ? undefined : errorJson(commit.error),
        kind: commit.kind,
        migrated: list(commit.migrated, encodeMigrated),
        pausePoint: commit.pausePoint === undefined ? undefined : encodePausePoint(commit.pausePoint),
        redrive: flag(commit.redrive),
        status: commit.status,
      });
  }
}

function encodeEffects({ slots, state, shared, log, outputs, deferred }: SideEffects): EffectsDocument {
  return compact({
    deferred: list(deferred, encodeDeferred),
    log: list(log, encodeLog),
    outputs: list(outputs, encodeOutput),
    shared: list(shared, encodeKeyChange),
    slots: list(slots, encodeSlotChange),
    state: list(state, encodeKeyChange),
  });
}

function encodeSlotChange(change: SlotChange): SlotChangeDocument {
  const { routine, slot } = change;
  switch (change.kind) {
    case "append":
      return { append: Array.from(change.items, ([key, item]) => ({ item: wireOf(item), key })), routine, slot };
    case "clear":
      return { clear: Array.from(change.upTo, ([key, upTo]) => ({ key, upTo })), routine, slot };
    case "set":
      return { routine, set: compact({ value: wire(change.value) }), slot };
  }
}

function encodeKeyChange([key, value]: KeyChange): KeyChangeDocument {
  return compact({ key, value: wire(value) });
}

function encodeVerdict(verdict: Verdict): VerdictDocument {
  if (verdict.kind === "end") return { end: compact({ status: verdict.status, stop: flag(verdict.stop) }) };
  const { attempt, maxRetries, notBefore } = verdict;
  return { retry: { attempt, maxRetries, notBefore: formatInstant(notBefore) } };
}

function encodeMigrated({ routine, state, version }: MigratedState): MigratedDocument {
  return compact({ routine, state: list(state, encodeKeyChange), version });
}
