import type { KeyChange, MigratedState, SideEffects, Verdict } from "../job/commit.ts";
import type { RoutineStatus } from "../job/job.ts";
import type { SlotChange } from "../job/slot_data.ts";
import type { JsonValue } from "../values/json.ts";
import type { Payload } from "../values/payload.ts";
import { newChildren, type NewChildrenDocument } from "./children.ts";
import * as c from "./codec.ts";
import { deferred, type DeferredDocument, log, type LogDocument, output, type OutputDocument } from "./records.ts";
import { once, strict, union } from "./schema.ts";
import { pendingTask } from "./task_references.ts";

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
  /** The ids of the early deliveries that have answered what was expected. */
  readonly answers?: readonly number[];
  /** The jobs that were asked for. */
  readonly children?: readonly NewChildrenDocument[];
  /** New deferred events. */
  readonly deferred?: readonly DeferredDocument[];
  /** New entries of the shared log. */
  readonly log?: readonly LogDocument[];
  /** New outputs. */
  readonly outputs?: readonly OutputDocument[];
  /** The job's result from now on. */
  readonly result?: JsonValue;
  /** Changes of the shared data. */
  readonly shared?: readonly KeyChangeDocument[];
  /** Changes of what slots hold. */
  readonly slots?: readonly SlotChangeDocument[];
  /** Changes of the routine's state. */
  readonly state?: readonly KeyChangeDocument[];
  /** The ids of the tasks that were replaced or taken back before a handler has begun them. */
  readonly withdrawn?: readonly number[];
}

/** What happens to a task that has failed: exactly one of the two. */
export interface FailureOutcomeDocument {
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

type Change<K extends "append" | "clear" | "set"> =
  & Pick<SlotChangeDocument, "routine" | "slot">
  & Required<Pick<SlotChangeDocument, K>>;

/** The codecs of what several kinds of commits have. */
interface CommitParts {
  /** A change of what a slot holds. */
  readonly slotChange: c.Codec<SlotChange, SlotChangeDocument>;
  /** What only some handlers change. */
  readonly effects: c.Codec<SideEffects, EffectsDocument>;
  /** What happens to a task that has failed. */
  readonly verdict: c.Codec<Verdict, FailureOutcomeDocument>;
  /** A routine's state, brought to the version of its class. */
  readonly migrated: c.Codec<MigratedState, MigratedDocument>;
}

// Marked as pure: a bundle without a store leaves it out.
/** Makes the codecs of what several kinds of commits have. */
export const commitParts: () => CommitParts = /* @__PURE__ */ once(() => {
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
  const slotChange: c.Codec<SlotChange, SlotChangeDocument> = {
    schema: once(() => {
      const place = { routine: c.name.schema(), slot: c.name.schema() };
      return union<SlotChangeDocument>([
        strict<Change<"append">>({ ...place, append: append.schema() }),
        strict<Change<"clear">>({ ...place, clear: clear.schema() }),
        strict<Change<"set">>({ ...place, set: set.schema() }),
      ], "Invalid change: expected routine, slot, and one of append, clear and set");
    }),
    write: (change, json) => {
      const { routine, slot } = change;
      switch (change.kind) {
        case "append":
          return { append: append.write(change.items, json), routine, slot };
        case "clear":
          return { clear: clear.write(change.upTo, json), routine, slot };
        case "set":
          return { routine, set: set.write(change, json), slot };
      }
    },
    read: ({ append: items, clear: upTo, routine, set: held, slot }, reader, path, part) => {
      const at = `${path}${part}`;
      if (items !== undefined) {
        return { routine, slot, kind: "append", items: append.read(items, reader, at, ".append") };
      }
      if (upTo !== undefined) return { routine, slot, kind: "clear", upTo: clear.read(upTo, reader, at, ".clear") };
      return { routine, slot, kind: "set", value: c.optionalValue.read(held?.value, reader, at, ".set.value") };
    },
  };

  /** What only some handlers change. */
  const effects: c.Codec<SideEffects, EffectsDocument> = c.shape({
    answers: c.optionalList(c.positive),
    children: newChildren,
    deferred: c.optionalList(deferred),
    log: c.optionalList(log),
    outputs: c.optionalList(output),
    result: c.optionalValue,
    shared: c.optionalList(keyChange),
    slots: c.optionalList(slotChange),
    state: c.optionalList(keyChange),
    withdrawn: c.optionalList(pendingTask),
  });

  const end: c.Codec<Omit<Verdict & { readonly kind: "end" }, "kind">, NonNullable<FailureOutcomeDocument["end"]>> = c
    .shape({
      status: c.oneOf(["failed", "error_continued", "skipped"]),
      stop: c.flag,
    });

  const retry: c.Codec<
    Omit<Verdict & { readonly kind: "retry" }, "kind">,
    NonNullable<FailureOutcomeDocument["retry"]>
  > = c
    .shape({ attempt: c.positive, maxRetries: c.count, notBefore: c.instant });

  /** What happens to a task that has failed. */
  const verdict: c.Codec<Verdict, FailureOutcomeDocument> = {
    schema: once(() =>
      union<FailureOutcomeDocument>([
        strict<Pick<Required<FailureOutcomeDocument>, "end">>({ end: end.schema() }),
        strict<Pick<Required<FailureOutcomeDocument>, "retry">>({ retry: retry.schema() }),
      ], "Invalid verdict: expected one of end and retry")
    ),
    write: (verdict, json) =>
      verdict.kind === "end" ? { end: end.write(verdict, json) } : { retry: retry.write(verdict, json) },
    read: (document, reader, path, part) => {
      if (document.end !== undefined) return { kind: "end", ...end.read(document.end, reader, path, part) };
      // Unreachable default: the schema asks for one of the two.
      if (document.retry !== undefined) return { kind: "retry", ...retry.read(document.retry, reader, path, part) };
      return reader.fail(path + part, "a retry or an end", "neither");
    },
  };

  /** A routine's state, brought to the version of its class. */
  const migrated: c.Codec<MigratedState, MigratedDocument> = c.shape({
    routine: c.name,
    state: c.optionalList(keyChange),
    version: c.positive,
  });
  return { slotChange, effects, verdict, migrated };
});
