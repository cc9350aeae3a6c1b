import { isRecord, type JsonValue } from "../values/json.ts";
import { isStandardSchema, type SchemaError } from "../values/standard_schema.ts";
import { type Fields, NO_JSON } from "./body.ts";
import { RequestError } from "./failure.ts";
import { equalsJson } from "../inspect/json_difference.ts";
import { readInstant } from "./queries.ts";

/** A field of a form for data: by the schema of a slot, or of the studio's own forms. */
export interface DataField {
  /** The keys that lead to its part of the data. */
  readonly keys: readonly string[];
  /** What it is called. */
  readonly label: string;
  /** What the schema says about it. */
  readonly about: string | undefined;
  readonly isRequired: boolean;
  /** How it is filled in: as a group of fields, by one of the choices, as text or lines of text, or as JSON where a form knows no better. */
  readonly kind: "group" | "choice" | "text" | "lines" | "number" | "integer" | "instant" | "json";
  /** The fields of a group. */
  readonly fields: readonly DataField[];
  /** The choices. */
  readonly choices: readonly JsonValue[];
  /** What it is filled with at first. */
  readonly initial: JsonValue | undefined;
  /** The value of a field that is left empty. */
  readonly placeholder?: string;
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
export function anyData(label: string = "Data", keys: readonly string[] = []): DataField {
  return {
    keys,
    label: `${label}, as JSON`,
    about: undefined,
    isRequired: true,
    kind: "json",
    ...{ fields: [], choices: [], initial: {} },
  };
}

/**
 * The fields for the data of a slot. A schema says what they are by Standard JSON Schema (zod, arktype, and valibot by its
 * `toStandardJsonSchema`); for any other, and without one, data is written as JSON.
 *
 * @param label what the data is called, where the schema does not say it
 * @param keys the keys that lead to the data in its form
 * @see https://standardschema.dev/json-schema
 */
export function fieldOfSchema(schema: unknown, label: string = "Data", keys: readonly string[] = []): DataField {
  const field = fieldOf(jsonSchemaOf(schema), { keys, isRequired: true, label, depth: 0 });
  return field.kind === "json" || countOf(field) > MOST_FIELDS ? anyData(label, keys) : field;
}

/** What a schema takes, as JSON Schema; `undefined` where it cannot say it. */
export function jsonSchemaOf(schema: unknown): unknown {
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

/** Where a field stands. */
interface FieldPlace {
  readonly keys: readonly string[];
  readonly isRequired: boolean;
  /** What it is called, where its schema does not say it. */
  readonly label: string;
  /** In how many groups it stands. */
  readonly depth: number;
}

function fieldOf(schema: unknown, { depth, isRequired, keys, label }: FieldPlace): DataField {
  const { default: initial, description, title } = isRecord(schema) ? schema : {};
  const base = {
    keys,
    label: typeof title === "string" ? title : label,
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
  if (type === "object") return groupOf(schema, base, depth);
  if (type === "string") return { ...base, kind: "text" };
  return { ...base, kind: type === "number" || type === "integer" ? type : "json" };
}

function groupOf(schema: Readonly<Record<string, unknown>>, base: Omit<DataField, "kind">, depth: number): DataField {
  const { additionalProperties = false, properties = {}, required = [] } = schema;
  const isClosed = additionalProperties === false && isRecord(properties) && Object.keys(properties).length > 0;
  if (!isClosed || depth >= DEEPEST) return { ...base, kind: "json" };
  const needed: readonly unknown[] = Array.isArray(required) ? required : [];
  const fields = Object.entries(properties).map(([label, it]) =>
    fieldOf(it, { keys: [...base.keys, label], isRequired: needed.includes(label), label, depth: depth + 1 })
  );
  return { ...base, kind: "group", fields };
}

function countOf({ fields }: DataField): number {
  return fields.reduce((sum, it) => sum + countOf(it), 1);
}

/** Characters that browsers would change in the name of a field, and those that separate the keys in it. */
const ESCAPED = /[~/\p{Cc}\p{Surrogate}]/gu;

/** The name of a field in its form. */
export function fieldName({ keys }: Pick<DataField, "keys">): string {
  return ["data", ...keys.map((key) => key.replace(ESCAPED, (it) => `~${it.charCodeAt(0)};`))].join("/");
}

/** What a field of a kind is filled with, as the text that its form has. */
export function textOfValue({ kind }: DataField, value: JsonValue | undefined): string {
  if (value === undefined) return "";
  if (kind === "json") return JSON.stringify(value, undefined, 2);
  if (Array.isArray(value) && kind === "lines") return value.join("\n");
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
    case "lines":
      return { data: text.split(/\r?\n/).filter((line) => line.trim() !== ""), problems: [] };
    case "instant":
      return readInstant(text) === undefined
        ? problem("must be an instant such as 2026-01-31T12:00")
        : { data: text, problems: [] };
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
        return problem(NO_JSON);
      }
  }
}

function readGroup(group: DataField, given: (name: string) => string | undefined): ReturnType<typeof readData> {
  // An optional group is missing when nothing in it is filled in.
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

/**
 * Checks that a form has no fields for data that are not known any more: what stands in them would be lost.
 *
 * @throws {RequestError} for one that has
 */
export function checkFieldNames(field: DataField, given: Fields): void {
  const known = new Set<string>();
  const add = (it: DataField): void => {
    known.add(fieldName(it));
    it.fields.forEach(add);
  };
  add(field);
  if (Object.keys(given).every((name) => !name.startsWith("data/") || known.has(name))) return;
  throw new RequestError(409, "The form is old: load the page again, and repeat what you did");
}

/** What a schema has found, by the keys that lead to it. */
export function problemsOf({ issues }: SchemaError): readonly DataProblem[] {
  return issues.map(({ message, path = [] }) => ({
    keys: path.map((step) => String(typeof step === "object" ? step.key : step)),
    message,
  }));
}

/** What the fields of a form are filled with at first, by their names. */
export function initialTexts(field: DataField): ReadonlyMap<string, string> {
  const own = [fieldName(field), textOfValue(field, field.initial)] as const;
  return new Map([own, ...field.fields.flatMap((it) => Array.from(initialTexts(it)))]);
}

/** The texts that the fields of a form have for data, by their names; `undefined` where they cannot say all of it. */
export function textsOfData(field: DataField, data: JsonValue): ReadonlyMap<string, string> | undefined {
  const texts = new Map<string, string>();
  fill(field, data);
  const { data: read, problems } = readData(field, (name) => texts.get(name));
  return problems.length === 0 && read !== undefined && equalsJson(data, read) ? texts : undefined;

  function fill(field: DataField, value: JsonValue | undefined): void {
    if (field.kind !== "group") {
      return value === undefined ? undefined : void texts.set(fieldName(field), textOfValue(field, value));
    }
    for (const it of field.fields) fill(it, isRecord(value) ? value[it.keys.at(-1) ?? ""] : undefined);
  }
}
