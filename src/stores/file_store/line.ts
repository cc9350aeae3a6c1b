import { crc32 } from "node:zlib";
import type { JobHead } from "../../ports/store.ts";

/** What stands in a line beside its text. */
export interface LineMeta {
  /** Of an entry: the revision that it leads to. */
  readonly revision?: number;
  /** Of a command: its place in the inbox. */
  readonly sequence?: number;
  /** Of a command: its key. */
  readonly key?: string;
  /** How many more lines belong to the same append: without them it is not whole. */
  readonly left?: number;
  /** How many bytes before this line the write began that it was part of. */
  readonly back?: number;
  /** The job's head from here on, where it has changed. */
  readonly head?: JobHead;
}

/** A line as it was read. */
export interface Line {
  /** What stands beside the text. */
  readonly meta: LineMeta;
  /** The text. */
  readonly text: string;
  /** Where the line begins, in bytes. */
  readonly start: number;
}

/** Lines that were read, and what they are worth. */
export interface Scan {
  /** The lines of whole appends. */
  readonly lines: readonly Line[];
  /** How many bytes they take. */
  readonly length: number;
}

const LINE_BREAK = 10;
const BRACE = 123;
const START = '{"check":"';
const CHECK_DIGITS = 8;
const CHECKED_FROM = START.length + CHECK_DIGITS;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * Writes a line of JSON: a check of all that follows it, the fields, and a text under a name. A JSON object stays as it is,
 * for people to read; any other text, and one with a line break or half a character, becomes a string.
 */
export function encodeLine(meta: object, name?: string, text = ""): Uint8Array {
  const fields = JSON.stringify(meta).slice(1, -1);
  const body = name === undefined
    ? ""
    : `${fields === "" ? "" : ","}"${name}":${isPlain(text) ? text : JSON.stringify(text)}`;
  const bytes = encoder.encode(`${START}${"0".repeat(CHECK_DIGITS)}",${fields}${body}}\n`);
  encoder.encodeInto(checkOf(bytes.subarray(0, -1)), bytes.subarray(START.length));
  return bytes;
}

/** Reads a line without its line break: its fields as JSON, and its text; `undefined` when it is not what was written. */
export function decodeLine(bytes: Uint8Array, name?: string): { fields: string; text: string } | undefined {
  const start = decoder.decode(bytes.subarray(0, CHECKED_FROM));
  if (!start.startsWith(START) || start.slice(START.length) !== checkOf(bytes)) return undefined;
  const line = decoder.decode(bytes);
  if (name === undefined) return { fields: line, text: "" };
  // No string in front of it can hold this: its quotes would be escaped.
  const mark = `,"${name}":`;
  const at = line.indexOf(mark);
  if (at < 0) return undefined;
  const body = line.slice(at + mark.length, -1);
  return { fields: `${line.slice(0, at)}}`, text: body.startsWith("{") ? body : JSON.parse(body) };
}

/**
 * Reads lines up to the last append that is whole. A crash leaves any part of the last write: that is passed over. What is
 * damaged before it was stored once, and nothing brings it back.
 *
 * @throws {Error} naming the file and the line that is damaged
 */
export function scanLines(bytes: Uint8Array, path: string, name: string): Scan {
  const lines: Line[] = [];
  let [start, length, whole] = [0, 0, 0];
  let last: number | undefined;
  while (start < bytes.length) {
    const end = bytes.indexOf(LINE_BREAK, start);
    const line = end < 0 ? undefined : readLine(bytes, start, end, name);
    if (line === undefined) {
      if (isWrittenAfter(bytes, start, name)) throw damage(path, lines.length, "it is not what was written");
      break;
    }
    const number = numberOf(line);
    if (last !== undefined && number !== last + 1) {
      throw damage(path, lines.length, `it has number ${number}, and the one before it ${last}`);
    }
    last = number;
    lines.push(line);
    start = end + 1;
    if ((line.meta.left ?? 0) === 0) [length, whole] = [start, lines.length];
  }
  return { lines: lines.slice(0, whole), length };
}

/** Reads lines that have all been stored. */
export function readLines(bytes: Uint8Array, path: string, name: string): readonly Line[] {
  const { lines, length } = scanLines(bytes, path, name);
  if (length < bytes.length) throw damage(path, lines.length, "it is not what was written");
  return lines;
}

function numberOf({ meta }: Line): number {
  return meta.revision ?? meta.sequence ?? 0;
}

/** Where the first line begins at or after a place. */
export function nextLine(bytes: Uint8Array, from: number): number {
  const end = bytes.indexOf(LINE_BREAK, from);
  return end < 0 ? bytes.length : end + 1;
}

function readLine(bytes: Uint8Array, start: number, end: number, name: string): Line | undefined {
  const line = decodeLine(bytes.subarray(start, end), name);
  if (line === undefined) return undefined;
  const meta: LineMeta = JSON.parse(line.fields);
  return { meta, text: line.text, start };
}

/** Says whether something was written in a later write than the line at `damaged`, whose line break may be lost too. */
function isWrittenAfter(bytes: Uint8Array, damaged: number, name: string): boolean {
  for (let start = bytes.indexOf(BRACE, damaged + 1); start >= 0; start = bytes.indexOf(BRACE, start + 1)) {
    const end = bytes.indexOf(LINE_BREAK, start);
    const line = end < 0 ? undefined : readLine(bytes, start, end, name);
    if (line !== undefined && start - (line.meta.back ?? 0) > damaged) return true;
  }
  return false;
}

function damage(path: string, index: number, what: string): Error {
  return new Error(`Cannot read "${path}": line ${index + 1} is damaged, ${what}`);
}

function checkOf(line: Uint8Array): string {
  return crc32(line.subarray(CHECKED_FROM)).toString(16).padStart(CHECK_DIGITS, "0");
}

function isPlain(text: string): boolean {
  return text.startsWith("{") && text.endsWith("}") && !/[\n\r]/.test(text) && text.isWellFormed();
}
