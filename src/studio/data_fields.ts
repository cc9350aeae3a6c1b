import { isRecord, type JsonValue } from "../values/json.ts";
import { isStandardSchema } from "../values/standard_schema.ts";

/** A field of a form for data, by the schema of a slot. */
export interface DataField {
  /** The keys that lead to its part of the data. */
  readonly keys: readonly string[];
  /** What it is called. */
  readonly label: string;
  /** What the schema says about it. */
  readonly about: string | undefined;
  readonly isRequired: boolean;
  /** How it is filled in: as a group of fields, by one of the choices, as text, or as JSON where a form knows no better. */
  readonly kind: "group" | "choice" | "text" | "number" | "integer" | "json";
  /** The fields of a group. */
  readonly fields: readonly DataField[];
  /** What can be chosen. */
  readonly choices: readonly JsonValue[];
  /** What it is filled with at first. */
  readonly initial: JsonValue | undefined;
}

/** Something that is wrong with data. */
export interface DataProblem {
  /** The keys that lead to the part that is wrong. */
  readonly keys: readonly string[];
  readonly message: string;
}

/** The most fields of a form, and how deep groups may stand in groups: beyond that, data is written as JSON. */
const MOST_FIELDS = 50;
const DEEPEST = 4;
/** The most choices of a field. */
const MOST_CHOICES = 100;

/** The one field of data of which nothing is known. */
export const ANY_DATA: DataField = {
  keys: [],
  label: "Data, as JSON",
  about: undefined,
  isRequired: true,
  kind: "json",
  ...{ fields: [], choices: [], initial: {} },
};

/**
 * The fields for the data of a slot. A schema says what they are by Standard JSON Schema (zod, arktype, and valibot by its
 * `toStandardJsonSchema`); for any other, and without one, data is written as JSON.
 *
 * @see https://standardschema.dev/json-schema
 */
export function fieldOfSchema(schema: unknown): DataField {
  const field = fieldOf(jsonSchemaOf(schema), [], true);
  return field.kind === "json" || countOf(field) > MOST_FIELDS ? ANY_DATA : field;
}

function jsonSchemaOf(schema: unknown): unknown {
  const standard: unknown = isStandardSchema(schema) ? schema["~standard"] : undefined;
  const converter = isObject(standard) ? standard["jsonSchema"] : undefined;
  const input = isObject(converter) ? converter["input"] : undefined;
  if (typeof input !== "function") return undefined;
  try {
    return input.call(converter, { target: "draft-2020-12" });
  } catch {
    return undefined; // Not every schema can be said in JSON Schema.
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

function fieldOf(schema: unknown, keys: readonly string[], isRequired: boolean): DataField {
  const { default: initial, description, title } = isRecord(schema) ? schema : {};
  const base = {
    keys,
    label: typeof title === "string" ? title : keys.at(-1) ?? "Data",
    about: typeof description === "string" ? description : undefined,
    isRequired,
    fields: [],
    choices: [],
    initial: initial as JsonValue | undefined,
  };
  if (!isRecord(schema)) return { ...base, kind: "json" };
  const { const: only, enum: choices, type } = schema;
  const known = Array.isArray(choices) ? choices : "const" in schema ? [only] : type === "boolean" ? [true, false] : [];
  if (known.length > 0 && known.length <= MOST_CHOICES) {
    return { ...base, kind: "choice", choices: known as readonly JsonValue[] };
  }
  if (type === "object") return groupOf(schema, base);
  if (type === "string") return { ...base, kind: "text" };
  return { ...base, kind: type === "number" || type === "integer" ? type : "json" };
}

function groupOf(schema: Readonly<Record<string, unknown>>, base: Omit<DataField, "kind">): DataField {
  const { additionalProperties = false, properties = {}, required = [] } = schema;
  const isClosed = additionalProperties === false && isRecord(properties) && Object.keys(properties).length > 0;
  if (!isClosed || base.keys.length >= DEEPEST) return { ...base, kind: "json" };
  const needed: readonly unknown[] = Array.isArray(required) ? required : [];
  const fields = Object.entries(properties).map(([key, it]) => fieldOf(it, [...base.keys, key], needed.includes(key)));
  return { ...base, kind: "group", fields };
}

function countOf({ fields }: DataField): number {
  return fields.reduce((sum, it) => sum + countOf(it), 1);
}

/** What browsers would change in the name of a field, and what parts the keys in it. */
const ESCAPED = /[~/\p{Cc}\p{Surrogate}]/gu;

/** The name of a field in its form. */
export function fieldName({ keys }: Pick<DataField, "keys">): string {
  return ["data", ...keys.map((key) => key.replace(ESCAPED, (it) => `~${it.charCodeAt(0)};`))].join("/");
}

/** What a field of a kind is filled with, as the text that its form has. */
export function textOfValue({ kind }: DataField, value: JsonValue | undefined): string {
  if (value === undefined) return "";
  if (kind === "json") return JSON.stringify(value, undefined, 2);
  return kind === "choice" || typeof value !== "string" ? JSON.stringify(value) : value;
}

/** Reads data from the fields of a form, and says what is wrong with them. A field that is not filled in is `undefined`. */
export function readData(
  field: DataField,
  given: (name: string) => string | undefined,
): { readonly data: JsonValue | undefined; readonly problems: readonly DataProblem[] } {
  const text = given(fieldName(field));
  const problem = (message: string) => ({ data: undefined, problems: [{ keys: field.keys, message }] });
  if (field.kind === "group") return readGroup(field, given);
  if (text === undefined) {
    if (field.kind === "text" && field.isRequired) return { data: "", problems: [] };
    return field.isRequired ? problem("is missing") : { data: undefined, problems: [] };
  }
  switch (field.kind) {
    case "text":
      return { data: text, problems: [] };
    case "number":
    case "integer": {
      const number = Number(text);
      const isNumber = text.trim() !== "" && Number.isFinite(number);
      if (!isNumber) return problem("must be a number");
      return field.kind === "integer" && !Number.isInteger(number)
        ? problem("must be a whole number")
        : { data: number, problems: [] };
    }
    case "choice": {
      const choice = field.choices.find((it) => JSON.stringify(it) === text);
      return choice === undefined ? problem("must be one of the choices") : { data: choice, problems: [] };
    }
    case "json":
      try {
        return { data: JSON.parse(text), problems: [] };
      } catch {
        return problem('is no JSON: texts stand in double quotes, as in {"by": "ada"}');
      }
  }
}

function readGroup(group: DataField, given: (name: string) => string | undefined): ReturnType<typeof readData> {
  // A group that may be missing is, when nothing in it is filled in.
  if (!group.isRequired && !isFilled(group, given)) return { data: undefined, problems: [] };
  const read = group.fields.map((it) => [it.keys.at(-1) ?? "", readData(it, given)] as const); // Unreachable default: it has a key.
  const parts = read.flatMap(([key, { data }]) => data === undefined ? [] : [[key, data] as const]);
  return { data: Object.fromEntries(parts), problems: read.flatMap(([, { problems }]) => problems) };
}

function isFilled(field: DataField, given: (name: string) => string | undefined): boolean {
  return field.kind === "group"
    ? field.fields.some((it) => isFilled(it, given))
    : given(fieldName(field)) !== undefined;
}
