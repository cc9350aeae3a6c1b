import * as v from "valibot";
import type { KeyChange, MigratedState, SideEffects, Verdict } from "../job/commit.ts";
import type { RoutineStatus } from "../job/job.ts";
import type { SlotChange } from "../job/slot_data.ts";
import type { JsonValue } from "../values/json.ts";
import type { Payload } from "../values/payload.ts";
import * as c from "./codec.ts";
import { deferred, type DeferredDocument, log, type LogDocument, output, type OutputDocument } from "./records.ts";
import { once, strict } from "./schema.ts";

/** A value that is set under a key; without one the key is removed. */
export interface KeyChangeDocument {
  /** The key. */
  readonly key: string;
  /** The value. */
  readonly value?: JsonValue;
}

/** A change of what a slot holds: exactly one of `append`, `clear` and `set`. */
export interface SlotChangeDocument {
  /** Items for the lists of their keys. */
  readonly append?: readonly { readonly item: JsonValue; readonly key: string }[];
  /** Positions up to which lists are cleared. */
  readonly clear?: readonly { readonly key: string; readonly upTo: number }[];
  /** The routine. */
  readonly routine: string;
  /** The value that the slot holds now; an empty object where it holds none any more. */
  readonly set?: { readonly value?: JsonValue };
  /** The slot. */
  readonly slot: string;
}

/** What only some handlers change. */
export interface EffectsDocument {
  /** New deferred events. */
  readonly deferred?: readonly DeferredDocument[];
  /** New entries of the shared log. */
  readonly log?: readonly LogDocument[];
  /** New outputs. */
  readonly outputs?: readonly OutputDocument[];
  /** Changes of the shared data. */
  readonly shared?: readonly KeyChangeDocument[];
  /** Changes of what slots hold. */
  readonly slots?: readonly SlotChangeDocument[];
  /** Changes of the routine's state. */
  readonly state?: readonly KeyChangeDocument[];
}

const keyValue: c.Codec<{ key: string; value: Payload | undefined }, KeyChangeDocument> = c.shape({
  key: c.key,
  value: c.optionalValue,
});

/** A value that is set under a key. */
const keyChange: c.Codec<KeyChange, KeyChangeDocument> = c.via(
  keyValue,
  ([key, value]) => ({ key, value }),
  ({ key, value }) => [key, value],
);

interface SlotChangeParts {
  readonly append: ReadonlyMap<string, Payload> | undefined;
  readonly clear: ReadonlyMap<string, number> | undefined;
  readonly routine: string;
  readonly set: { readonly value: Payload | undefined } | undefined;
  readonly slot: string;
}

const append: c.Codec<ReadonlyMap<string, Payload>, NonNullable<SlotChangeDocument["append"]>> = c.keyed(
  c.shape<{ item: Payload; key: string }, { item: JsonValue; key: string }>({ item: c.value, key: c.key }),
  (key, item) => ({ item, key }),
  ({ item }) => item,
);

const clear: c.Codec<ReadonlyMap<string, number>, NonNullable<SlotChangeDocument["clear"]>> = c.keyed(
  c.shape<{ key: string; upTo: number }, { key: string; upTo: number }>({ key: c.key, upTo: c.count }),
  (key, upTo) => ({ key, upTo }),
  ({ upTo }) => upTo,
);

const set: c.Codec<{ readonly value: Payload | undefined }, NonNullable<SlotChangeDocument["set"]>> = c.shape({
  value: c.optionalValue,
});

/** A change of what a slot holds. */
export const slotChange: c.Codec<SlotChange, SlotChangeDocument> = {
  ...c.via(
    c.shape<SlotChangeParts, SlotChangeDocument>({
      append: c.optional(append),
      clear: c.optional(clear),
      routine: c.name,
      set: c.optional(set),
      slot: c.name,
    }),
    (change) => ({
      append: change.kind === "append" ? change.items : undefined,
      clear: change.kind === "clear" ? change.upTo : undefined,
      routine: change.routine,
      set: change.kind === "set" ? { value: change.value } : undefined,
      slot: change.slot,
    }),
    ({ append, clear, routine, set, slot }) => {
      if (append !== undefined) return { routine, slot, kind: "append", items: append };
      if (clear !== undefined) return { routine, slot, kind: "clear", upTo: clear };
      return { routine, slot, kind: "set", value: set?.value };
    },
  ),
  schema: once(() => {
    const place = { routine: c.name.schema(), slot: c.name.schema() };
    return v.union([
      strict<Change<"append">>({ ...place, append: append.schema() }),
      strict<Change<"clear">>({ ...place, clear: clear.schema() }),
      strict<Change<"set">>({ ...place, set: set.schema() }),
    ], "Invalid change: expected routine, slot, and one of append, clear and set");
  }),
};

type Change<K extends "append" | "clear" | "set"> =
  & Pick<SlotChangeDocument, "routine" | "slot">
  & Required<Pick<SlotChangeDocument, K>>;

/** What only some handlers change. */
export const effects: c.Codec<SideEffects, EffectsDocument> = c.shape({
  deferred: c.optionalList(deferred),
  log: c.optionalList(log),
  outputs: c.optionalList(output),
  shared: c.optionalList(keyChange),
  slots: c.optionalList(slotChange),
  state: c.optionalList(keyChange),
});

/** What happens to a task that has failed: exactly one of the two. */
export interface VerdictDocument {
  /** It ends, with a mark on its routine; `stop` fails the job. */
  readonly end?: { readonly status: Exclude<RoutineStatus, "completed">; readonly stop?: true };
  /** It waits for another attempt. */
  readonly retry?: { readonly attempt: number; readonly maxRetries: number; readonly notBefore: string };
}

/** A routine's state, brought to the version of its class. */
export interface MigratedDocument {
  /** The routine. */
  readonly routine: string;
  /** The state. */
  readonly state?: readonly KeyChangeDocument[];
  /** The version that it has now. */
  readonly version: number;
}

type End = Omit<Verdict & { readonly kind: "end" }, "kind">;
type Retry = Omit<Verdict & { readonly kind: "retry" }, "kind">;

/** What happens to a task that has failed. */
export const verdict: c.Codec<Verdict, VerdictDocument> = /* @__PURE__ */ (() => {
  const end = c.shape<End, NonNullable<VerdictDocument["end"]>>({
    status: c.oneOf(["failed", "error_continued", "skipped"]),
    stop: c.flag,
  });
  const retry = c.shape<Retry, NonNullable<VerdictDocument["retry"]>>({
    attempt: c.positive,
    maxRetries: c.count,
    notBefore: c.instant,
  });
  const codec = c.via<Verdict, { end: End | undefined; retry: Retry | undefined }, VerdictDocument>(
    c.shape({ end: c.optional(end), retry: c.optional(retry) }),
    (verdict) => ({
      end: verdict.kind === "end" ? verdict : undefined,
      retry: verdict.kind === "retry" ? verdict : undefined,
    }),
    ({ end, retry }, reader, path, part) => {
      if (retry !== undefined) return { kind: "retry", ...retry };
      if (end !== undefined) return { kind: "end", ...end };
      // Unreachable: the schema asks for one of the two.
      return reader.fail(path + part, "a retry or an end", "neither");
    },
  );
  const schema = once(() =>
    v.union(
      [
        strict<Pick<Required<VerdictDocument>, "end">>({ end: end.schema() }),
        strict<Pick<Required<VerdictDocument>, "retry">>({ retry: retry.schema() }),
      ],
      "Invalid verdict: expected one of end and retry",
    )
  );
  return { ...codec, schema };
})();

/** A routine's state, brought to the version of its class. */
export const migrated: c.Codec<MigratedState, MigratedDocument> = c.shape({
  routine: c.name,
  state: c.optionalList(keyChange),
  version: c.positive,
});
