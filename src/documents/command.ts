import * as v from "valibot";
import { DEFAULT_VALUE_LIMITS, type Payload, type ValueLimits } from "../values/payload.ts";
import type { JsonValue } from "../values/json.ts";
import { once, optional, strict } from "./schema_combinators.ts";
import { ValueReader } from "../values/value_reader.ts";
import { compact } from "./compact.ts";
import { type Format, openEnvelope } from "./envelope.ts";
import { textParts } from "./part_encoder.ts";
import { partSchemas } from "./part_schemas.ts";

/** What somebody who does not own a job asks of it, as data. */
export type Command =
  | { readonly type: "deliver"; readonly routine: string; readonly slot: string; readonly data: Payload | undefined }
  | {
    readonly type: "pause";
    readonly reason: string | undefined;
    readonly checkpoint: Payload | undefined;
    readonly graceMs: number | undefined;
  }
  | { readonly type: "cancel"; readonly reason: string | undefined }
  | { readonly type: "resume"; readonly redrive: boolean };

/** A command on the wire. */
interface CommandDocument {
  readonly checkpoint?: JsonValue;
  readonly data?: JsonValue;
  readonly graceMs?: number;
  readonly reason?: string;
  readonly redrive?: true;
  readonly routine: string;
  readonly slot: string;
  readonly type: Command["type"];
}

// Marked as pure: a bundle that reads no commands leaves it out.
const commandSchema = /* @__PURE__ */ once(() => {
  const { duration, name, value } = partSchemas();
  const envelope = { format: v.literal("routilux/command"), version: v.literal(1) };
  const reason = optional(v.string());
  return v.union([
    strict({ ...envelope, data: optional(value), routine: name, slot: name, type: v.literal("deliver") }),
    strict({
      ...envelope,
      checkpoint: optional(value),
      graceMs: optional(duration),
      reason,
      type: v.literal("pause"),
    }),
    strict({ ...envelope, reason, type: v.literal("cancel") }),
    strict({ ...envelope, redrive: optional(v.literal(true)), type: v.literal("resume") }),
  ]);
});

/** The format of commands. */
const COMMAND_FORMAT: Format = {
  name: "routilux/command",
  version: 1,
  migrations: [],
  schema: commandSchema,
};

/** Writes a command as text, keys sorted. */
export function encodeCommand(command: Command): string {
  const { type } = command;
  const parts = {
    checkpoint: type === "pause" ? textParts.value(command.checkpoint) : undefined,
    data: type === "deliver" ? textParts.value(command.data) : undefined,
    format: COMMAND_FORMAT.name,
    graceMs: type === "pause" ? command.graceMs : undefined,
    reason: type === "pause" || type === "cancel" ? command.reason : undefined,
    redrive: type === "resume" && command.redrive ? true : undefined,
    routine: type === "deliver" ? command.routine : undefined,
    slot: type === "deliver" ? command.slot : undefined,
    type,
    version: 1,
  };
  return JSON.stringify(compact(parts));
}

/**
 * Reads a command.
 *
 * @throws {SyntaxError} when it is no JSON
 * @throws {SerializationError} when it is no command, naming the path
 */
export function decodeCommand(text: string, limits: ValueLimits = DEFAULT_VALUE_LIMITS): Command {
  const document = openEnvelope(JSON.parse(text), COMMAND_FORMAT) as CommandDocument;
  const { type, reason, routine, slot, graceMs, redrive = false } = document;
  const values = new ValueReader(COMMAND_FORMAT.name, limits, true);
  switch (type) {
    case "deliver":
      return { type, routine, slot, data: values.readOptional(document.data, "data") };
    case "pause":
      return { type, reason, checkpoint: values.readOptional(document.checkpoint, "checkpoint"), graceMs };
    case "cancel":
      return { type, reason };
    case "resume":
      return { type, redrive };
  }
}
