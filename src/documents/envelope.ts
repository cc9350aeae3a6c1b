import * as v from "valibot";
import { SerializationError } from "../base/errors.ts";
import { isRecord } from "../values/json.ts";
import { describeValue, joinPath } from "../base/path.ts";
import { fits, type Schema } from "./schema.ts";

/** Turns a document of one version into one of the next. */
export type Migration = (document: Readonly<Record<string, unknown>>) => Readonly<Record<string, unknown>>;

/** One kind of document: its name, its schema, and the migrations to it from every older version. */
export interface Format<D> {
  /** The word in `format`. */
  readonly name: string;
  /** The present version. */
  readonly version: number;
  /** The step from version n stands at n - 1. */
  readonly migrations: readonly Migration[];
  /** The schema of the present version; where there are several forms, of the form that a document is meant to have. */
  readonly schema: (document: Readonly<Record<string, unknown>>) => Schema<D>;
}

/**
 * Parses the text of a document.
 *
 * @throws {SerializationError} when it is no JSON
 */
export function parseText(text: unknown, document: string): unknown {
  const action = `Cannot read ${document}`;
  if (typeof text !== "string") {
    throw new SerializationError(`${action}: expected a text, got ${describeValue(text)}`, document, "");
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new SerializationError(`${action}: the text is no JSON`, document, "", { cause });
  }
}

/**
 * Checks that a value is a document of a format, after bringing it to the present version on plain JSON. The value itself
 * is not changed.
 *
 * @throws {SerializationError} naming the document, the path, what was expected and what came
 */
export function openEnvelope<D>(json: unknown, format: Format<D>): D {
  const { name } = format;
  const fail = (path: string, expected: string, got: string): never => {
    const place = path === "" ? "" : `${path}: `;
    throw new SerializationError(`Cannot read ${name}: ${place}expected ${expected}, got ${got}`, name, path);
  };
  if (typeof json === "string") return fail("", "an object", "a text; call JSON.parse first");
  if (!isRecord(json)) return fail("", "an object", describeValue(json));
  if (json["toJSON"] instanceof Function) {
    return fail("", "a document", `${describeValue(json)}; call its toJSON first`);
  }
  if (json.format !== name) return fail("format", `"${name}"`, describeGiven(json.format));
  const { version } = json;
  if (typeof version !== "number" || !Number.isSafeInteger(version) || version < 1) {
    return fail("version", "a version number", describeGiven(version));
  }
  if (version > format.version) {
    return fail(
      "version",
      `at most ${format.version}`,
      `${version}; it was written by a newer routilux, update this one`,
    );
  }
  let document = json;
  for (const migrate of format.migrations.slice(version - 1)) document = migrate(document);
  const schema = format.schema(document);
  if (fits(schema, document)) return document;
  const result = v.safeParse(schema, document, { abortEarly: true });
  // Unreachable: the quick check has refused what the schema refuses, and nothing else.
  if (result.success) return result.output;
  const { issue, keys } = tellingIssue(result.issues[0]);
  return fail(joinPath("", keys), expectedBy(issue), gotBy(issue));
}

/** An issue with the keys that lead to it. */
interface PlacedIssue {
  readonly issue: v.BaseIssue<unknown>;
  readonly keys: readonly (string | number)[];
}

/**
 * Where none of several forms fits, the issue of one of them tells more: one inside of a part of its own, so that this form
 * was meant, or one that all of them have.
 */
function tellingIssue(issue: v.BaseIssue<unknown>): PlacedIssue {
  const keys = (issue.path ?? []).map(({ key }) => typeof key === "number" ? key : String(key));
  const inside = (issue.issues ?? []).map(tellingIssue).sort((a, b) => b.keys.length - a.keys.length);
  const [first] = inside;
  if (first === undefined) return { issue, keys };
  const isShared = first.keys.length === 1 && inside.every((it) => it.keys[0] === first.keys[0]);
  return first.keys.length > 1 || isShared ? { issue: first.issue, keys: [...keys, ...first.keys] } : { issue, keys };
}

function expectedBy({ kind, type, expected, message, received }: v.BaseIssue<unknown>): string {
  if (expected === "never") return "no key of this name";
  if (kind === "validation" || type === "union" || expected === null || expected === "unknown") {
    // Unreachable default: all messages of this kind are of this form.
    return /expected (.*?)(?: but received .*)?$/i.exec(message)?.[1] ?? message;
  }
  return received === "undefined" && expected !== "undefined" ? `${expected}, which is missing` : expected;
}

function gotBy({ input }: v.BaseIssue<unknown>): string {
  return describeGiven(input);
}

function describeGiven(value: unknown): string {
  return value === undefined ? "nothing" : describeValue(value);
}
