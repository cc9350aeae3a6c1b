import * as v from "valibot";
import { JOB_STATUSES } from "../scheduler/job.ts";
import {
  count,
  deferred,
  duration,
  error,
  instant,
  log,
  merged,
  name,
  optionalList,
  output,
  pausePoint,
  positive,
  record,
  strict,
  task,
  value,
} from "./part_schemas.ts";

const signature = {
  at: instant,
  consumed: v.optional(positive),
  format: v.literal("routilux/commit"),
  version: v.literal(1),
};
const envelope = { ...signature, ranMs: duration };
const keyChange = strict({ key: v.string(), value: v.optional(value) });
const place = { routine: name, slot: name };
const slotChange = v.union([
  strict({ ...place, append: v.array(strict({ item: value, key: v.string() })) }),
  strict({ ...place, clear: v.array(strict({ key: v.string(), upTo: count })) }),
  strict({ ...place, set: strict({ value: v.optional(value) }) }),
]);
const effects = strict({
  deferred: optionalList(deferred),
  log: optionalList(log),
  outputs: optionalList(output),
  shared: optionalList(keyChange),
  slots: optionalList(slotChange),
  state: optionalList(keyChange),
});
const verdict = v.union([
  strict({
    end: strict({ status: v.picklist(["failed", "error_continued", "skipped"]), stop: v.optional(v.literal(true)) }),
  }),
  strict({ retry: strict({ attempt: positive, maxRetries: count, notBefore: instant }) }),
]);

/** A commit's document, or a claim's. */
export const commitSchema: v.GenericSchema = v.union([
  strict({
    ...envelope,
    kind: v.literal("merge"),
    merged,
    records: optionalList(record),
    slot: v.optional(slotChange),
    task: positive,
  }),
  strict({
    ...envelope,
    classVersion: positive,
    created: optionalList(task),
    effects: v.optional(effects),
    kind: v.literal("step"),
    outcome: v.picklist(["done", "active", "parked"]),
    progress: v.optional(value),
    records: optionalList(record),
    step: count,
    task: positive,
  }),
  strict({
    ...envelope,
    active: optionalList(positive),
    classVersion: positive,
    error,
    kind: v.literal("failure"),
    records: optionalList(record),
    task: positive,
    verdict,
  }),
  strict({ ...envelope, data: v.optional(value), fills: positive, kind: v.literal("deliver") }),
  strict({ ...envelope, kind: v.literal("deliver"), task }),
  strict({ ...envelope, created: optionalList(task), kind: v.literal("deferred"), records: optionalList(record) }),
  strict({
    ...envelope,
    active: optionalList(positive),
    error: v.optional(error),
    kind: v.literal("status"),
    migrated: optionalList(strict({ routine: name, state: optionalList(keyChange), version: positive })),
    pausePoint: v.optional(pausePoint),
    redrive: v.optional(v.literal(true)),
    status: v.picklist(JOB_STATUSES),
  }),
  strict({
    ...signature,
    epoch: positive,
    kind: v.literal("claim"),
    owner: v.optional(name),
    tried: optionalList(strict({ attempt: count, recoveries: count, step: count, task: positive })),
    until: v.optional(instant),
  }),
]);
