import * as v from "valibot";
import type { JsonValue } from "../values/json.ts";
import { DEFAULT_VALUE_LIMITS, type Payload, type ValueLimits, wireOf } from "../values/payload.ts";
import { duration, flag, literal, mark, name, optional, optionalValue, shape, text } from "./codec.ts";
import { type Format, openEnvelope } from "./envelope.ts";
import { DocumentReader } from "./reader.ts";
import { once } from "./schema.ts";

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

type CommandOf<T extends Command["type"]> = Command & { readonly type: T };

/** A command on the wire, by its type. */
interface CommandDocuments {
  readonly deliver: { readonly data?: JsonValue; readonly routine: string; readonly slot: string };
  readonly pause: { readonly checkpoint?: JsonValue; readonly graceMs?: number; readonly reason?: string };
  readonly cancel: { readonly reason?: string };
  readonly resume: { readonly redrive?: true };
}

type DocumentOf<T extends Command["type"]> = CommandDocuments[T] & {
  readonly format: "routilux/command";
  readonly type: T;
  readonly version: 1;
};

// Marked as pure: a bundle that reads no commands leaves it out.
const codecs = /* @__PURE__ */ once(() => {
  const signature = { format: mark("routilux/command"), version: mark(1) };
  const reason = optional(text);
  return {
    deliver: shape<CommandOf<"deliver">, DocumentOf<"deliver">>({
      ...signature,
      data: optionalValue,
      routine: name,
      slot: name,
      type: literal("deliver"),
    }),
    pause: shape<CommandOf<"pause">, DocumentOf<"pause">>({
      ...signature,
      checkpoint: optionalValue,
      graceMs: optional(duration),
      reason,
      type: literal("pause"),
    }),
    cancel: shape<CommandOf<"cancel">, DocumentOf<"cancel">>({ ...signature, reason, type: literal("cancel") }),
    resume: shape<CommandOf<"resume">, DocumentOf<"resume">>({
      ...signature,
      redrive: flag,
      type: literal("resume"),
    }),
  };
});

/** The format of commands. */
const COMMAND_FORMAT: Format<
  DocumentOf<"deliver"> | DocumentOf<"pause"> | DocumentOf<"cancel"> | DocumentOf<"resume">
> = {
  name: "routilux/command",
  version: 1,
  migrations: [],
  schema: /* @__PURE__ */ once(() => {
    const { deliver, pause, cancel, resume } = codecs();
    return v.union([deliver.schema(), pause.schema(), cancel.schema(), resume.schema()]);
  }),
};

/** Writes a command as text, keys sorted. */
export function encodeCommand(command: Command): string {
  return JSON.stringify(write(command));
}

function write(command: Command): object {
  switch (command.type) {
    case "deliver":
      return codecs().deliver.write(command, wireOf);
    case "pause":
      return codecs().pause.write(command, wireOf);
    case "cancel":
      return codecs().cancel.write(command, wireOf);
    case "resume":
      return codecs().resume.write(command, wireOf);
  }
}

/**
 * Reads a command.
 *
 * @throws {SyntaxError} when it is no JSON
 * @throws {SerializationError} when it is no command, naming the path
 */
export function decodeCommand(text: string, limits: ValueLimits = DEFAULT_VALUE_LIMITS): Command {
  const document = openEnvelope(JSON.parse(text), COMMAND_FORMAT);
  const reader = new DocumentReader(COMMAND_FORMAT.name, limits, true);
  switch (document.type) {
    case "deliver":
      return codecs().deliver.read(document, reader, "", "");
    case "pause":
      return codecs().pause.read(document, reader, "", "");
    case "cancel":
      return codecs().cancel.read(document, reader, "", "");
    case "resume":
      return codecs().resume.read(document, reader, "", "");
  }
}
