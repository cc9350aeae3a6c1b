import * as v from "valibot";
import { LAST_INSTANT, parseInstant } from "../base/instant.ts";
import { isRecord } from "../values/json.ts";
import { between, integer, once, optional, optionalList, strict } from "./schema_combinators.ts";
import { isName, RESERVED_NAMES } from "../base/options.ts";
import { isErrorData } from "../values/value_reader.ts";
import { EXECUTION_STRATEGIES } from "../model/flow_graph.ts";
import { RECORD_TYPES } from "../job/history.ts";
import { quick } from "./quick_check.ts";

/** What several documents have in common. */
export class PartSchemas {
  /** A whole number from 0. */
  readonly count: v.GenericSchema = integer(0);

  /** A whole number from 1. */
  readonly positive: v.GenericSchema = integer(1);

  /** Milliseconds. */
  readonly duration: v.GenericSchema = between(0);

  /** How handlers run. */
  readonly executionStrategy: v.GenericSchema = v.picklist(EXECUTION_STRATEGIES);

  /** How long a job may work: `null` is for ever. */
  readonly executionTimeoutMs: v.GenericSchema = v.nullable(between(1));

  /** A name of the user's. */
  readonly name: v.GenericSchema = quick(
    v.pipe(
      v.string(),
      v.nonEmpty(),
      v.check(
        (text) => !RESERVED_NAMES.has(text),
        `Invalid name: expected a name other than ${Array.from(RESERVED_NAMES).join(", ")}`,
      ),
    ),
    isName,
  );

  /** A key of the user's values. No object that is made of them could have it as a key of its own. */
  readonly key: v.GenericSchema = v.pipe(
    v.string(),
    v.check((text) => text !== "__proto__", "Invalid key: expected a key other than __proto__"),
  );

  /** An instant as the library writes it. */
  readonly instant: v.GenericSchema = quick(
    v.pipe(v.string(), v.check(isInstant, "Invalid instant: expected ISO 8601 in UTC with milliseconds")),
    (input) => typeof input === "string" && isInstant(input),
  );

  /** A value of the user's: read and checked on its own, by `ValueReader`. */
  readonly value: v.GenericSchema = quick(v.unknown(), () => true);

  /** Values of the user's by key. */
  readonly values: v.GenericSchema = v.custom<Record<string, unknown>>(
    isRecord,
    "Invalid values: expected an object",
  );

  /** An error as data. */
  readonly error: v.GenericSchema = v.custom<Record<string, unknown>>(
    (input) => isErrorData(input),
    "Invalid error: expected { name, message } with code, cause and stack where there are some",
  );

  /** The beginning of a connection. */
  readonly source: v.GenericSchema = strict({ event: this.name, routine: this.name });

  /** What a slot gave to a handler. */
  readonly merged: v.GenericSchema = strict({
    lists: optionalList(strict({ from: this.count, key: this.key, to: this.count })),
    value: optional(this.value),
  });

  /** A task. */
  readonly task: v.GenericSchema = strict({
    active: optional(v.literal(true)),
    attempt: optional(this.positive),
    awaiting: optional(strict({ timeoutMs: optional(this.duration), until: optional(this.instant) })),
    connection: optional(this.source),
    createdAt: this.instant,
    data: optional(this.value),
    id: this.positive,
    maxRetries: optional(this.count),
    merged: optional(this.merged),
    notBefore: optional(this.instant),
    parked: optional(v.literal(true)),
    priority: optional(v.picklist(["high", "low"])),
    progress: optional(this.value),
    routine: this.name,
    slot: this.name,
    step: optional(this.positive),
  });

  /** A line of the history. */
  readonly record: v.GenericSchema = strict({
    at: this.instant,
    data: optional(this.value),
    event: optional(this.name),
    routine: this.name,
    type: quick(v.picklist(RECORD_TYPES), (input) => RECORD_TYPES.some((type) => type === input)),
  });

  /** An output. */
  readonly output: v.GenericSchema = strict({
    at: this.instant,
    data: optional(this.value),
    routine: this.name,
    type: this.name,
  });

  /** An entry of the shared log. */
  readonly log: v.GenericSchema = strict({ at: this.instant, entry: this.value, routine: this.name });

  /** A deferred event. */
  readonly deferred: v.GenericSchema = strict({ data: optional(this.value), event: this.name, routine: this.name });

  /** The mark of a pause. */
  readonly pausePoint: v.GenericSchema = strict({
    at: this.instant,
    checkpoint: optional(this.value),
    reason: optional(v.string()),
  });
}

/** All schemas are made when the first document is read: that takes milliseconds, and many programs read none. */
export const partSchemas: () => PartSchemas = once(() => new PartSchemas());

function isInstant(text: string): boolean {
  return (parseInstant(text) ?? Infinity) <= LAST_INSTANT;
}
