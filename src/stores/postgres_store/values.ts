import type { PostgresRow, PostgresValue } from "./client.ts";
import { fromColumn, toColumn } from "./text.ts";

// Parameters are texts that the statements cast, and lists are texts too, in PostgreSQL's own notation of arrays: each client would
// encode numbers, booleans and arrays in its own way.

/** Converts a number that may be absent to a parameter. */
export function toNumber(value: number | undefined): PostgresValue {
  return value === undefined ? null : String(value);
}

/** Converts a text that may be absent to a parameter. */
export function toText(text: string | undefined): PostgresValue {
  return text === undefined ? null : toColumn(text);
}

/** Converts a maximum to a parameter. More than any table has is no limit. */
export function toLimit(limit: number): PostgresValue {
  return limit > Number.MAX_SAFE_INTEGER / 2 ? null : String(limit);
}

/** Converts numbers to an array. */
export function toNumbers(values: readonly (number | undefined)[]): string {
  return `{${values.map((it) => it ?? "NULL").join()}}`;
}

/** Converts texts to an array. */
export function toTexts(texts: Iterable<string | undefined>): string {
  return `{${Array.from(texts, (it) => it === undefined ? "NULL" : quote(toColumn(it))).join()}}`;
}

function quote(text: string): string {
  return `"${text.replaceAll(/["\\]/g, "\\$&")}"`;
}

/** Converts texts by their names to JSON. */
export function toJson(texts: Readonly<Record<string, string>>): string {
  return JSON.stringify(Object.fromEntries(Object.entries(texts).map(([name, it]) => [toColumn(name), toColumn(it)])));
}

/** The texts by their names in a column with JSON as text. */
export function textsOf(row: PostgresRow, name: string): Readonly<Record<string, string>> {
  const parsed = parse(row[name]);
  if (typeof parsed !== "object" || parsed === null) return {};
  return Object.fromEntries(Object.entries(parsed).map(([key, value]) => [fromColumn(key), fromColumn(value)]));
}

/** The items in a column with a JSON list as text; none when it is NULL. */
export function listOf(row: PostgresRow, name: string): readonly unknown[] {
  const parsed = parse(row[name]);
  return Array.isArray(parsed) ? parsed : [];
}

function parse(value: unknown): unknown {
  return typeof value === "string" ? JSON.parse(value) : undefined;
}

/** The number in a column: clients return large integers as text or as bigint. */
export function numberOf(row: PostgresRow, name: string): number {
  return Number(row[name]);
}

/** The number in a column that may be NULL. */
export function optionalNumber(row: PostgresRow, name: string): number | undefined {
  return isNull(row[name]) ? undefined : Number(row[name]);
}

/** The text in a column. */
export function textOf(row: PostgresRow, name: string): string {
  return fromColumn(row[name]);
}

/** The text in a column that may be NULL. */
export function optionalText(row: PostgresRow, name: string): string | undefined {
  return isNull(row[name]) ? undefined : fromColumn(row[name]);
}

/** Whether a column is NULL. */
export function isNull(value: unknown): boolean {
  return value === null || value === undefined;
}
