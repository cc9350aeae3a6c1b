import type { Queries, SqliteValue } from "./queries.ts";
import * as sql from "./statements.ts";
import { fromColumn, toColumn } from "./text.ts";

/** Where a text stands that may be too long for a row. */
export interface TextPlace {
  /** The job's life; 0 for a flow, which many jobs share. */
  readonly life: number;
  /** The kind of text. */
  readonly kind: "flow" | "snapshot" | "entry" | "command";
  /** The revision that it belongs to, the sequence of a command, or the number of a flow. */
  readonly revision: number;
}

/** The value of the column of a text that is stored in parts: no text becomes a BLOB of an odd length. */
const IN_PARTS = new Uint8Array(1);

/** The column of a text; `addParts` adds what does not fit into it. */
export function columnOf({ longestText = Infinity }: Queries, text: string): SqliteValue {
  return text.length > longestText ? IN_PARTS : toColumn(text);
}

/** Adds the parts of a text that is too long for a row. */
export function addParts(queries: Queries, { life, kind, revision }: TextPlace, text: string): void {
  const { longestText = Infinity } = queries;
  if (text.length <= longestText) return;
  for (let at = 0, number = 0; at < text.length; at += longestText, number++) {
    queries.run(sql.ADD_PART, life, kind, revision, number, toColumn(text.slice(at, at + longestText)));
  }
}

/** The text of a column, from its parts if it has any. */
export function textOf(queries: Queries, { life, kind, revision }: TextPlace, column: unknown): string {
  if (!(column instanceof Uint8Array) || column.length !== IN_PARTS.length) return fromColumn(column);
  return queries.all(sql.PARTS, life, kind, revision).map((row) => fromColumn(row["text"])).join("");
}

/** Deletes the parts of texts of a kind, after a revision and up to another. */
export function dropParts(queries: Queries, { life, kind, revision }: TextPlace, after: number): void {
  if (queries.longestText !== undefined) queries.run(sql.DROP_PARTS, life, kind, after, revision);
}
