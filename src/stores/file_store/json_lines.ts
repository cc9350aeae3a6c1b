import * as zlib from "node:zlib";
import { crcOfRest } from "./crc.ts";
import type { StoredHead } from "./stored_head.ts";

/** Refuses a runtime that is too old, with the reason: an import of what it lacks would end the program in words of its own. */
export function checkRuntime(): void {
  // Unreachable: the runtimes of the tests have it; the package is tried in one that has not.
  if (typeof zlib.crc32 !== "function") {
    throw new Error("Cannot open a file store: node:zlib has no crc32 here; use Node 20.15 or newer, Deno, or Bun");
  }
}

/** The fields of a line besides its text. */
export interface LineMeta {
  /** The job's revision after the line. Only lines with an entry raise it. */
  readonly revision?: number;
  /** The sequence of a command, or of a refusal. */
  readonly sequence?: number;
  /** Of a command: its key. */
  readonly key?: string;
  /** Of a command: whether a job that has ended takes it; absent for no. */
  readonly reopens?: boolean;
  /** Of a command whose text was dropped: the hash of the text. */
  readonly hash?: string;
  /** Of a command whose text was dropped: when it was consumed, or later. */
  readonly usedAt?: number;
  /** Of a line that says of a command that it could not be carried out: the command's sequence. */
  readonly command?: number;
  /** How many more lines belong to the same append; the append is incomplete without them. */
  readonly left?: number;
  /** How many bytes before this line its write began. A write may hold several appends. */
  readonly back?: number;
  /** The job's head, if the write changed it. */
  readonly head?: StoredHead;
}

/** A line that was read. */
export interface Line {
  /** The fields besides the text. */
  readonly meta: LineMeta;
  /** The text, if the line has one. */
  readonly text: string | undefined;
  /** The byte offset of the line in the file. */
  readonly start: number;
}

/** The result of reading a file of lines. */
export interface Scan {
  /** The lines of complete appends. */
  readonly lines: readonly Line[];
  /** Their length in bytes. */
  readonly length: number;
}

/** The fields that the first line of a file begins with. */
export const FORMAT = { format: "routilux/file-store", version: 1 } as const;

const LINE_BREAK = 10;
const BRACE = 123;
const START = '{"check":"';
const CHECK_DIGITS = 8;
const CHECKED_FROM = START.length + CHECK_DIGITS;
const encoder = new TextEncoder();
const decoder = new TextDecoder();
const START_BYTES = encoder.encode(START);

/**
 * Encodes a line: a JSON object with a checksum of the bytes after it, the fields, and a text under `name`. A text that
 * is a JSON object is embedded as it is, so that people can read it; any other text, and one with a line break or an
 * unpaired surrogate, is written as a JSON string.
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

/**
 * Decodes a line without its line break into its fields, as JSON, and its text, if it has one under `name`. Returns `undefined`
 * when the checksum is wrong.
 */
export function decodeLine(
  bytes: Uint8Array,
  name?: string,
): { readonly fields: string; readonly text: string | undefined } | undefined {
  const start = decoder.decode(bytes.subarray(0, CHECKED_FROM));
  if (!start.startsWith(START) || start.slice(START.length) !== checkOf(bytes)) return undefined;
  const line = decoder.decode(bytes);
  if (name === undefined) return { fields: line, text: undefined };
  // No field before it can contain these characters: JSON escapes quotes within strings.
  const mark = `,"${name}":`;
  const at = line.indexOf(mark);
  if (at < 0) return { fields: line, text: undefined };
  const body = line.slice(at + mark.length, -1);
  return { fields: `${line.slice(0, at)}}`, text: body.startsWith("{") ? body : JSON.parse(body) };
}

/**
 * Decodes a line that begins with `FORMAT`, the first of the file at `path`.
 *
 * @throws {Error} when it is damaged, or has another format
 */
export function decodeHeader<T>(bytes: Uint8Array, path: string): T {
  const decoded = decodeLine(bytes);
  if (decoded === undefined) throw damage(path, 1);
  const header: T & { format: string; version: number } = JSON.parse(decoded.fields);
  const { format, version } = header;
  if (format === FORMAT.format && version === FORMAT.version) return header;
  throw new Error(`Cannot read "${path}": expected ${FORMAT.format} ${FORMAT.version}, got ${format} ${version}`);
}

/**
 * Reads lines up to the last complete append. A crash may leave any part of the last write, which is ignored. Damage
 * before that is an error, because those lines were stored once. `before` is the number of lines that precede the bytes.
 *
 * @throws {Error} naming the file and the damaged line
 */
export function scanLines(bytes: Uint8Array, path: string, name: string, before = 0): Scan {
  const lines: Line[] = [];
  let [start, length, whole] = [0, 0, 0];
  let last: number | undefined;
  while (start < bytes.length) {
    const end = bytes.indexOf(LINE_BREAK, start);
    const line = end < 0 ? undefined : readLine(bytes, start, end, name);
    if (line === undefined) {
      if (isWrittenAfter(bytes, start, name)) throw damage(path, before + lines.length + 1);
      break;
    }
    const number = numberOf(line);
    if (last !== undefined && number !== last + stepOf(line)) {
      throw damage(path, before + lines.length + 1, `it has number ${number}, and the one before it ${last}`);
    }
    last = number;
    lines.push(line);
    start = end + 1;
    if ((line.meta.left ?? 0) === 0) [length, whole] = [start, lines.length];
  }
  return { lines: lines.slice(0, whole), length };
}

/** Reads lines that are all known to be stored; any damage is an error. */
export function readLines(bytes: Uint8Array, path: string, name: string, before = 0): readonly Line[] {
  const { lines, length } = scanLines(bytes, path, name, before);
  if (length < bytes.length) throw damage(path, before + lines.length + 1);
  return lines;
}

function numberOf({ meta }: Line): number {
  return meta.revision ?? meta.sequence ?? 0;
}

/** By how much the number of a line is above that of the line before. */
function stepOf({ meta, text }: Line): number {
  return meta.revision !== undefined && text === undefined ? 0 : 1;
}

/** Returns the offset of the first line that begins after `from`. */
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

/**
 * Whether the file has a line from a later write than the damaged line at `damaged`, whose line break may be lost too.
 * If so, the damaged line was stored, for a write begins after the one before it is stored.
 */
function isWrittenAfter(bytes: Uint8Array, damaged: number, name: string): boolean {
  for (let [from, end] = [damaged + 1, 0]; (end = bytes.indexOf(LINE_BREAK, from)) >= 0; from = end + 1) {
    for (const offset of offsetsOfChecked(bytes.subarray(from, end))) {
      const start = from + offset;
      const line = readLine(bytes, start, end, name);
      if (line !== undefined && start - (line.meta.back ?? 0) > damaged) return true;
    }
  }
  return false;
}

/**
 * Yields the offsets at which the rest of some bytes begins like a line and has the check that it names. Texts may have
 * any number of such beginnings, so the bytes are read once for all of them.
 */
function* offsetsOfChecked(bytes: Uint8Array): Generator<number, void, undefined> {
  const whole = zlib.crc32(bytes);
  let [before, done] = [0, 0];
  for (let at = bytes.indexOf(BRACE); at >= 0; at = bytes.indexOf(BRACE, at + 1)) {
    if (!START_BYTES.every((byte, index) => bytes[at + index] === byte)) continue;
    const content = Math.min(at + CHECKED_FROM, bytes.length);
    before = zlib.crc32(bytes.subarray(done, content), before);
    done = content;
    const check = inDigits(crcOfRest(whole, before, bytes.length - content));
    if (check === decoder.decode(bytes.subarray(at + START.length, content))) yield at;
  }
}

/** The error for a damaged line, counted from 1. */
export function damage(path: string, number: number, what = "its content does not match its checksum"): Error {
  return new Error(`Cannot read "${path}": line ${number} is damaged, ${what}`);
}

function checkOf(line: Uint8Array): string {
  return inDigits(zlib.crc32(line.subarray(CHECKED_FROM)));
}

function inDigits(check: number): string {
  return check.toString(16).padStart(CHECK_DIGITS, "0");
}

function isPlain(text: string): boolean {
  return text.startsWith("{") && text.endsWith("}") && !/[\n\r]/.test(text) && text.isWellFormed();
}
