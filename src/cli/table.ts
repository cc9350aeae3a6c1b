import { printable } from "./printable.ts";
import { cut, widthOf, wrapped } from "./wrapped.ts";

/** The least width of a column that is made narrower. */
const LEAST = 8;
/** The width from which on a last column is a text: it is never cut off, but goes on below its beginning. */
const TEXT = 25;
/** The least width of a column for a text; where less is left, it stands below its row. */
const LEAST_TEXT = 28;
/** How far columns are apart. */
const GAP = 2;
/** What stands before a text below its row. */
const INDENT = 4;

/**
 * Rows as a table with aligned columns.
 *
 * @param width how wide it may be: then a text in the last column goes on below its beginning, and the widest of the other columns are
 * made narrower, but the first, in which it is said what a row is about
 */
export function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  width: number = Infinity,
): string[] {
  const cells = [head, ...rows].map((row) => row.map(printable));
  const widths = head.map((_, column) => Math.max(...cells.map((row) => widthOf(row[column]))));
  const text = widths.at(-1) ?? 0; // Unreachable default: every table has columns.
  const hasText = text >= TEXT && text >= Math.max(...widths.slice(1)) && totalOf(widths) > width;
  if (!hasText) return cells.map((row) => lineOf(row, narrowed(widths, width)));
  const others = narrowed(widths.slice(0, -1), width);
  const left = totalOf(others) + GAP;
  return cells.flatMap((row) => {
    const line = lineOf(row.slice(0, -1), others);
    const isBeside = width - left >= LEAST_TEXT;
    const indent = isBeside ? left : INDENT;
    const lines = wrapped(row.at(-1) ?? "", Math.max(LEAST, width - indent)); // Unreachable default: every row has cells.
    const first = isBeside ? [line.padEnd(left + line.length - widthOf(line)) + lines.shift()] : [line];
    return [...first, ...lines.map((it) => " ".repeat(indent) + it)].map((it) => it.trimEnd());
  });
}

function lineOf(row: readonly string[], widths: readonly number[]): string {
  return row.map((cell, column) => padded(cell, widths[column] ?? 0)) // Unreachable default: as above.
    .join(" ".repeat(GAP)).trimEnd();
}

/** The widths of columns that have so much room together: the widest are made narrower, but never the first. */
function narrowed(all: readonly number[], width: number): readonly number[] {
  const widths = [...all];
  for (;;) {
    const excess = totalOf(widths) - width;
    const widest = Math.max(...widths.slice(1));
    if (excess <= 0 || widest <= LEAST) return widths;
    // Down to the next widest: then both are made narrower.
    const next = Math.max(LEAST, ...widths.slice(1).filter((it) => it < widest));
    const several = widths.slice(1).filter((it) => it === widest).length;
    const to = Math.max(next, widest - Math.ceil(excess / several));
    widths.forEach((it, column) => column > 0 && it === widest && (widths[column] = to));
  }
}

function totalOf(widths: readonly number[]): number {
  return widths.reduce((sum, it) => sum + it + GAP, -GAP);
}

/** A printable text of exactly so much width: one that is wider is cut off. */
function padded(text: string, width: number): string {
  const own = widthOf(text);
  return own <= width ? text + " ".repeat(width - own) : `${cut(text, width - 1)}…`;
}
