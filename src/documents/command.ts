import * as v from "valibot";
import type { JsonValue } from "../values/json.ts";
import { SerializationError } from "../base/errors.ts";
import { describeError, type ErrorData } from "../values/error_data.ts";
import { DEFAULT_VALUE_LIMITS, type Payload, type ValueLimits, wireOf } from "../values/payload.ts";
import {
  type Codec,
  count,
  duration,
  error,
  type ErrorDocument,
  flag,
  instant,
  list,
  literal,
  mark,
  name,
  oneOf,
  optional,
  optionalList,
  optionalValue,
  positive,
  shape,
  text,
  via,
} from "./codec.ts";
import { type Format, openEnvelope } from "./envelope.ts";
import { DocumentReader } from "./reader.ts";
import { once } from "./schema.ts";

/** A failure that becomes a task again. */
export interface RedrivenTask {
  /** The id of the task. */
  readonly id: number;
  /** Whether a new task takes its place, with other data: what it has done before says nothing about those. */
  readonly isReplaced: boolean;
  /** The new data. */
  readonly data: Payload | undefined;
}

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
  | {
    readonly type: "resume";
    readonly redrive: boolean;
    readonly tasks: readonly RedrivenTask[] | undefined;
    /** How often they may be tried again, where the error handlers do not say it. */
    readonly maxRetries: number | undefined;
  }
  | { readonly type: "discard"; readonly tasks: readonly number[] }
  | ChildEnded;

/** A child has ended: its parent is told. */
export interface ChildEnded {
  readonly type: "child";
  /** The id of the child. */
  readonly jobId: string;
  /** When the parent was created that waits for it, in milliseconds since 1970: the end is none of another job that has its id by now. */
  readonly parentCreatedAt?: number | undefined;
  readonly status: "completed" | "failed" | "cancelled";
  readonly result: Payload | undefined;
  readonly error: ErrorData | undefined;
}

/** A failure that becomes a task again: as it was, or with other data. */
interface RedrivenTaskDocument {
  readonly data?: JsonValue;
  readonly id: number;
  readonly replaced?: true;
}

const redrivenTask: Codec<RedrivenTask, RedrivenTaskDocument> = /* @__PURE__ */ via(
  /* @__PURE__ */ shape<{ data: Payload | undefined; id: number; replaced: boolean }, RedrivenTaskDocument>({
    data: optionalValue,
    id: positive,
    replaced: flag,
  }),
  ({ data, id, isReplaced }) => ({ data, id, replaced: isReplaced }),
  ({ data, id, replaced }) => ({ data, id, isReplaced: replaced }),
);

type CommandOf<T extends Command["type"]> = Command & { readonly type: T };

/** A command on the wire, by its type. */
interface CommandDocuments {
  readonly deliver: { readonly data?: JsonValue; readonly routine: string; readonly slot: string };
  readonly pause: { readonly checkpoint?: JsonValue; readonly graceMs?: number; readonly reason?: string };
  readonly cancel: { readonly reason?: string };
  readonly resume: {
    readonly maxRetries?: number;
    readonly redrive?: true;
    readonly tasks?: readonly RedrivenTaskDocument[];
  };
  readonly discard: { readonly tasks?: readonly number[] };
  readonly child: {
    readonly error?: ErrorDocument;
    readonly jobId: string;
    readonly parentCreatedAt?: string;
    readonly result?: JsonValue;
    readonly status: ChildEnded["status"];
  };
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
      maxRetries: optional(count),
      redrive: flag,
      tasks: optional(list(redrivenTask)),
      type: literal("resume"),
    }),
    discard: shape<CommandOf<"discard">, DocumentOf<"discard">>({
      ...signature,
      tasks: optionalList(positive),
      type: literal("discard"),
    }),
    child: shape<CommandOf<"child">, DocumentOf<"child">>({
      ...signature,
      error: optional(error),
      jobId: name,
      parentCreatedAt: optional(instant),
      result: optionalValue,
      status: oneOf(["completed", "failed", "cancelled"]),
      type: literal("child"),
    }),
  };
});

/** The format of commands. */
const COMMAND_FORMAT: Format<
  | DocumentOf<"deliver">
  | DocumentOf<"pause">
  | DocumentOf<"cancel">
  | DocumentOf<"resume">
  | DocumentOf<"discard">
  | DocumentOf<"child">
> = {
  name: "routilux/command",
  version: 1,
  migrations: [],
  schema: /* @__PURE__ */ once(() => {
    return v.union(Object.values(codecs()).map((codec) => codec.schema()));
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
    case "discard":
      return codecs().discard.write(command, wireOf);
    case "child":
      return codecs().child.write(command, wireOf);
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
    case "discard":
      return codecs().discard.read(document, reader, "", "");
    case "child":
      return readChildEnd(document, reader);
  }
}

/** A parent must be told, or it would wait for ever: a result that its flow's limits refuse counts as a failure of the child. */
function readChildEnd(document: DocumentOf<"child">, reader: DocumentReader): ChildEnded {
  try {
    return codecs().child.read(document, reader, "", "");
  } catch (error) {
    // Unreachable: nothing else is thrown here.
    if (!(error instanceof SerializationError)) throw error;
    const { jobId } = document;
    return { type: "child", jobId, status: "failed", result: undefined, error: describeError(error) };
  }
}
