import * as v from "valibot";
import { list, once, optional, optionalList, strict } from "./schema_combinators.ts";
import { JOB_STATUSES } from "../job/job.ts";
import { partSchemas } from "./part_schemas.ts";

// Marked as pure: a bundle that reads no commits leaves it out.
const commitSchemas = /* @__PURE__ */ once(() => {
  const { count, duration, instant, key, name, positive, value } = partSchemas();
  const { deferred, error, log, merged, output, pausePoint, record, task } = partSchemas();
  const signature = {
    at: instant,
    consumed: optional(positive),
    format: v.literal("routilux/commit"),
    version: v.literal(1),
  };
  const envelope = { ...signature, ranMs: duration };
  const keyChange = strict({ key, value: optional(value) });
  const place = { routine: name, slot: name };
  const slotChange = v.union([
    strict({ ...place, append: list(strict({ item: value, key })) }),
    strict({ ...place, clear: list(strict({ key, upTo: count })) }),
    strict({ ...place, set: strict({ value: optional(value) }) }),
  ], "Invalid change: expected routine, slot, and one of append, clear and set");
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
      end: strict({ status: v.picklist(["failed", "error_continued", "skipped"]), stop: optional(v.literal(true)) }),
    }),
    strict({ retry: strict({ attempt: positive, maxRetries: count, notBefore: instant }) }),
  ], "Invalid verdict: expected one of end and retry");

  const filled = strict({ ...envelope, data: optional(value), fills: positive, kind: v.literal("deliver") });
  const kinds = {
    merge: strict({
      ...envelope,
      kind: v.literal("merge"),
      merged,
      records: optionalList(record),
      slot: optional(slotChange),
      task: positive,
    }),
    step: strict({
      ...envelope,
      classVersion: positive,
      created: optionalList(task),
      effects: optional(effects),
      kind: v.literal("step"),
      outcome: v.picklist(["done", "active", "parked"]),
      progress: optional(value),
      records: optionalList(record),
      step: count,
      task: positive,
    }),
    failure: strict({
      ...envelope,
      active: optionalList(positive),
      classVersion: positive,
      error,
      kind: v.literal("failure"),
      records: optionalList(record),
      task: positive,
      verdict,
    }),
    deliver: strict({ ...envelope, kind: v.literal("deliver"), task }),
    deferred: strict({
      ...envelope,
      created: optionalList(task),
      kind: v.literal("deferred"),
      records: optionalList(record),
    }),
    status: strict({
      ...envelope,
      active: optionalList(positive),
      error: optional(error),
      kind: v.literal("status"),
      migrated: optionalList(strict({ routine: name, state: optionalList(keyChange), version: positive })),
      pausePoint: optional(pausePoint),
      redrive: optional(v.literal(true)),
      status: v.picklist(JOB_STATUSES),
    }),
    claim: strict({
      ...signature,
      epoch: positive,
      kind: v.literal("claim"),
      owner: optional(name),
      tried: optionalList(strict({ attempt: count, recoveries: count, step: count, task: positive })),
      until: optional(instant),
    }),
  };
  return {
    any: v.union(
      [kinds.merge, kinds.step, kinds.failure, filled, kinds.deliver, kinds.deferred, kinds.status, kinds.claim],
    ),
    filled,
    kinds,
    unknown: v.looseObject({ kind: v.picklist(Object.keys(kinds) as (keyof typeof kinds)[]) }),
  };
});

/** A commit's document, or a claim's. */
export function commitSchema(): v.GenericSchema {
  return commitSchemas().any;
}

/** What an entry's document of its kind looks like. Only that tells what is wrong with it. */
export function commitSchemaOf({ kind, ...rest }: Readonly<Record<string, unknown>>): v.GenericSchema {
  const { filled, kinds, unknown } = commitSchemas();
  if (kind === "deliver" && Object.hasOwn(rest, "fills")) return filled;
  const known = Object.entries(kinds).find(([name]) => name === kind);
  return known === undefined ? unknown : known[1];
}
