import { checkName } from "../base/options.ts";
import { SerializationError, StateError } from "../base/errors.ts";
import type { Flow } from "../flow.ts";
import { PRIORITIES } from "../job/task.ts";
import type { ConnectionTarget } from "../model/connection.ts";
import { isRecord, type JsonValue } from "../values/json.ts";
import { SchemaError } from "../values/standard_schema.ts";
import type { Fields } from "./body.ts";
import { type DataField, type DataProblem, fieldOfSchema, problemsOf, readData } from "./data_fields.ts";
import { RequestError } from "./failure.ts";

/** The keys of the job's params in the form. */
const PARAMS = ["params"];

/** The fields of the form that starts a job at a slot of a flow. */
export function startFields(flow: Flow, { routine, slot }: ConnectionTarget): DataField {
  const field = (key: string, label: string, more: Partial<DataField>): DataField => ({
    keys: [key],
    label,
    about: undefined,
    isRequired: false,
    kind: "text",
    ...{ fields: [], choices: [], initial: undefined },
    ...more,
  });
  return field("", "", {
    keys: [],
    kind: "group",
    isRequired: true,
    fields: [
      fieldOfSchema(flow.slot(routine, slot).schema, "Params", PARAMS),
      field("jobId", "Id of the job", { placeholder: "a random one" }),
      field("queue", "Queue", { placeholder: "default" }),
      field("priority", "Priority", { kind: "choice", isRequired: true, choices: PRIORITIES, initial: "normal" }),
      field("at", "When it begins, in UTC", {
        kind: "instant",
        about: "At once, if this is left empty",
        placeholder: "",
      }),
      field("tags", "Tags, one in each line", { kind: "lines", placeholder: "customer=ada" }),
    ],
  });
}

/** What a form of a start says: the parts of the act, or what is wrong with it. */
export type StartForm = { readonly fields: Fields } | { readonly problems: readonly DataProblem[] };

/** Reads the form that `root` describes. */
export function readStart(root: DataField, given: (name: string) => string | undefined): StartForm {
  const { data, problems: wrong } = readData(root, given);
  const { params = {}, tags: lines = [], ...others } = isRecord(data) ? data : {}; // Unreachable default: it is a group.
  const problems = [...wrong, ...["jobId", "queue"].flatMap((key) => problemOfName(key, others[key]))];
  const tags = Array.isArray(lines) ? lines.map((line) => tagOf(String(line))) : []; // Unreachable default: they are lines.
  for (const [name, value] of tags) {
    if (name === "") problems.push({ keys: ["tags"], message: `${JSON.stringify(value)} is no NAME=VALUE` });
    else problems.push(...problemOfName("tags", name), ...problemOfName("tags", value));
  }
  if (problems.length > 0) return { problems };
  return { fields: { ...others, params, ...(tags.length === 0 ? {} : { tags: Object.fromEntries(tags) }) } };
}

/** What a refused start says of the fields of its form; nothing where it is about none of them. */
export function problemsOfStart(error: unknown): readonly DataProblem[] {
  if (error instanceof StateError && error.reason === "taken") {
    return [{ keys: ["jobId"], message: "is taken: the store has a job of this id" }];
  }
  const { cause, message } = error instanceof RequestError ? error : { cause: undefined, message: "" };
  if (cause instanceof SerializationError) return [{ keys: PARAMS, message: message.replace(/^Cannot [^:]*: /, "") }];
  if (!(cause instanceof SchemaError)) return [];
  return problemsOf(cause).map(({ keys, message }) => ({ keys: [...PARAMS, ...keys], message }));
}

/** The name and the value of a tag; no name where the line is none. */
function tagOf(line: string): readonly [name: string, value: string] {
  const at = line.indexOf("=");
  return at <= 0 ? ["", line] : [line.slice(0, at).trim(), line.slice(at + 1).trim()];
}

function problemOfName(key: string, name: JsonValue | undefined): readonly DataProblem[] {
  if (typeof name !== "string") return [];
  try {
    checkName("", "name", name);
    return [];
  } catch (error) {
    const message = error instanceof Error ? error.message.replace(/^: the name /, "") : ""; // Unreachable default: it is one.
    return [{ keys: [key], message }];
  }
}
