import { formatInstant } from "../base/instant.ts";
import type { Commit, KeyChange, MigratedState, SideEffects, Verdict } from "../job/commit.ts";
import { errorJson } from "../job/decide.ts";
import type { SlotChange } from "../job/slot_data.ts";
import type {
  ClaimDocument,
  CommitDocument,
  EffectsDocument,
  KeyChangeDocument,
  MigratedDocument,
  SlotChangeDocument,
  VerdictDocument,
} from "./commit_documents.ts";
import type { Claim } from "./claim.ts";
import { compact } from "./compact.ts";
import { list, omitFalse, omitZero, textParts } from "./part_encoder.ts";

const FORMAT = "routilux/commit";

/**
 * Writes a commit that has not been applied yet: tasks of the job are named by their ids, new ones are written whole.
 * `consumed` is the command that it comes of, if any.
 */
export function encodeCommit(commit: Commit, consumed?: number): CommitDocument {
  const { ranMs } = commit.time;
  const at = formatInstant(commit.time.at);
  switch (commit.kind) {
    case "merge":
      return compact({
        at,
        consumed,
        format: FORMAT,
        kind: commit.kind,
        merged: textParts.merged(commit.merged),
        ranMs,
        records: list(commit.records, textParts.record),
        slot: commit.slot === undefined ? undefined : encodeSlotChange(commit.slot),
        task: commit.task.id,
        version: 1,
      });
    case "step":
      return compact({
        at,
        classVersion: commit.version,
        consumed,
        created: list(commit.created, textParts.task),
        effects: commit.effects === undefined ? undefined : encodeEffects(commit.effects),
        format: FORMAT,
        kind: commit.kind,
        outcome: commit.outcome,
        progress: textParts.value(commit.progress),
        ranMs,
        records: list(
          commit.started === undefined ? commit.records : [commit.started, ...commit.records],
          textParts.record,
        ),
        step: commit.step,
        task: commit.task.id,
        version: 1,
      });
    case "failure":
      return compact({
        active: list(commit.active, ({ id }) => id),
        at,
        classVersion: commit.version,
        consumed,
        error: errorJson(commit.error),
        format: FORMAT,
        kind: commit.kind,
        ranMs,
        records: list(commit.records, textParts.record),
        task: commit.task.id,
        verdict: encodeVerdict(commit.verdict),
        version: 1,
      });
    case "deliver": {
      const fills = commit.task.details?.awaiting !== undefined;
      return compact({
        at,
        consumed,
        data: fills ? textParts.value(commit.data) : undefined,
        fills: fills ? commit.task.id : undefined,
        format: FORMAT,
        kind: commit.kind,
        ranMs,
        task: fills ? undefined : textParts.task(commit.task),
        version: 1,
      });
    }
    case "deferred":
      return compact({
        at,
        consumed,
        created: list(commit.created, textParts.task),
        format: FORMAT,
        kind: commit.kind,
        ranMs,
        records: list(commit.records, textParts.record),
        version: 1,
      });
    case "status":
      return compact({
        active: list(commit.active, ({ id }) => id),
        at,
        consumed,
        error: commit.error === undefined ? undefined : errorJson(commit.error),
        format: FORMAT,
        kind: commit.kind,
        migrated: list(commit.migrated, encodeMigrated),
        pausePoint: commit.pausePoint === undefined ? undefined : textParts.pausePoint(commit.pausePoint),
        ranMs,
        redrive: omitFalse(commit.redrive),
        status: commit.status,
        version: 1,
      });
  }
}

/** Writes a claim. */
export function encodeClaim({ at, consumed, epoch, owner, tried, until }: Claim): ClaimDocument {
  return compact({
    at: formatInstant(at),
    consumed: omitZero(consumed),
    epoch,
    format: FORMAT,
    kind: "claim",
    owner,
    tried: list(tried, ({ attempt, recoveries, step, task }) => ({ attempt, recoveries, step, task })),
    until: until === undefined ? undefined : formatInstant(until),
    version: 1,
  });
}

function encodeEffects({ slots, state, shared, log, outputs, deferred }: SideEffects): EffectsDocument {
  return compact({
    deferred: list(deferred, textParts.deferred),
    log: list(log, textParts.log),
    outputs: list(outputs, textParts.output),
    shared: list(shared, encodeKeyChange),
    slots: list(slots, encodeSlotChange),
    state: list(state, encodeKeyChange),
  });
}

function encodeSlotChange(change: SlotChange): SlotChangeDocument {
  const { routine, slot } = change;
  switch (change.kind) {
    case "append":
      return {
        append: Array.from(change.items, ([key, item]) => ({ item: textParts.json(item), key })),
        routine,
        slot,
      };
    case "clear":
      return { clear: Array.from(change.upTo, ([key, upTo]) => ({ key, upTo })), routine, slot };
    case "set":
      return { routine, set: compact({ value: textParts.value(change.value) }), slot };
  }
}

function encodeKeyChange([key, value]: KeyChange): KeyChangeDocument {
  return compact({ key, value: textParts.value(value) });
}

function encodeVerdict(verdict: Verdict): VerdictDocument {
  if (verdict.kind === "end") return { end: compact({ status: verdict.status, stop: omitFalse(verdict.stop) }) };
  const { attempt, maxRetries, notBefore } = verdict;
  return { retry: { attempt, maxRetries, notBefore: formatInstant(notBefore) } };
}

function encodeMigrated({ routine, state, version }: MigratedState): MigratedDocument {
  return compact({ routine, state: list(state, encodeKeyChange), version });
}
