import type { Timers } from "../ports/timers.ts";
import { isRecord } from "../values/json.ts";
import { RequestError } from "./failure.ts";
import { readInstant } from "./queries.ts";

/** The most bytes of a request's body. */
export const MOST_BYTES = 1_048_576;
/** How long a body may take to arrive, in milliseconds. */
const PATIENCE_MS = 30_000;

/** The message about text that is no JSON. */
export const NO_JSON = 'is no JSON: texts stand in double quotes, as in {"by": "ada"}';

/** The parts of a request's body by name. */
export type Fields = Readonly<Record<string, unknown>>;

/**
 * Reads an object from a body in JSON; no body is an empty one.
 *
 * @throws {RequestError} for a body of another type, one that is too large or too slow, and text that is no JSON object
 */
export async function readJson(request: Request, timers: Timers): Promise<Fields> {
  checkType(request, "application/json");
  const text = await readText(request, timers);
  const value: unknown = text === "" ? {} : parseJson("body", text);
  if (!isRecord(value)) throw new RequestError(400, "The body must be a JSON object");
  return value;
}

/**
 * Reads the fields of a form.
 *
 * @throws {RequestError} for a body of another type, and one that is too large or too slow
 */
export async function readForm(request: Request, timers: Timers): Promise<Fields> {
  checkType(request, "application/x-www-form-urlencoded");
  const fields = new URLSearchParams(await readText(request, timers));
  // Fields that were left empty were not filled in.
  return Object.fromEntries(Array.from(fields).filter(([, value]) => value !== ""));
}

/**
 * Reads JSON that a user has written.
 *
 * @throws {RequestError} for text that is none
 */
export function parseJson(what: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new RequestError(400, `The ${what} ${NO_JSON}`);
  }
}

function checkType({ headers }: Request, expected: string): void {
  const [type = ""] = (headers.get("content-type") ?? "").toLowerCase().split(";");
  if (type.trim() !== expected) throw new RequestError(415, `The body must be of type ${expected}`);
}

async function readText(request: Request, timers: Timers): Promise<string> {
  const tooLarge = new RequestError(413, `The body is too large: at most ${MOST_BYTES} bytes are read`);
  if (Number(request.headers.get("content-length")) > MOST_BYTES) throw tooLarge;
  const reader = request.body?.getReader();
  if (reader === undefined) return "";
  const tooSlow = new RequestError(408, `The body took longer than ${PATIENCE_MS / 1_000} seconds to arrive`);
  let isLate = false;
  const stop = timers.after(PATIENCE_MS, () => {
    isLate = true;
    reader.cancel(tooSlow).catch(() => {});
  });
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let [bytes, text] = [0, ""];
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (isLate) throw tooSlow;
      if (done) return text + decoder.decode();
      bytes += value.length;
      if (bytes > MOST_BYTES) throw tooLarge;
      text += decoder.decode(value, { stream: true });
    }
  } catch (error) {
    reader.cancel().catch(() => {});
    if (error instanceof RequestError) throw error;
    throw new RequestError(400, "The body cannot be read: it was cut off, or is not in UTF-8");
  } finally {
    stop();
  }
}

/** Takes the parts of a body, one by one, and refuses those that nobody has taken. */
export class FieldReader {
  readonly #fields: Fields;
  readonly #known: Set<string> = new Set();

  /** Begins with the parts of a body. */
  constructor(fields: Fields) {
    this.#fields = fields;
  }

  /** A part of any kind. */
  value(name: string): unknown {
    this.#known.add(name);
    return Object.hasOwn(this.#fields, name) ? this.#fields[name] : undefined;
  }

  /** A text that may be missing. */
  text(name: string): string | undefined {
    const value = this.value(name);
    if (value === undefined || typeof value === "string") return value;
    throw new RequestError(400, `${name} must be a text`);
  }

  /** A text that must be there. */
  needed(name: string): string {
    const value = this.text(name);
    if (value === undefined || value === "") throw new RequestError(400, `${name} is missing`);
    return value;
  }

  /** A whole number that may be missing; forms give it as a text. */
  whole(name: string): number | undefined {
    const value = this.value(name);
    if (value === undefined) return undefined;
    const number = typeof value === "string" && /^\d{1,15}$/.test(value) ? Number(value) : value;
    if (typeof number === "number" && Number.isSafeInteger(number) && number >= 0) return number;
    throw new RequestError(400, `${name} must be a whole number of at least 0`);
  }

  /** An instant that may be missing, in milliseconds since 1970. */
  instant(name: string): number | undefined {
    const text = this.text(name);
    const instant = text === undefined ? undefined : readInstant(text);
    if (text === undefined || instant !== undefined) return instant;
    throw new RequestError(400, `${name} must be an instant such as 2026-01-31T12:00:00Z`);
  }

  /** One of several words, that may be missing. */
  word<const W extends string>(name: string, words: readonly W[]): W | undefined {
    const text = this.text(name);
    const word = words.find((it) => it === text);
    if (text === undefined || word !== undefined) return word;
    throw new RequestError(400, `${name} must be one of ${words.join(", ")}`);
  }

  /** A list that may be missing. */
  list(name: string): readonly unknown[] | undefined {
    const value = this.value(name);
    if (value === undefined || Array.isArray(value)) return value;
    throw new RequestError(400, `${name} must be a list`);
  }

  /** Texts by name; forms cannot give any. */
  texts(name: string): Record<string, string> | undefined {
    const value = this.value(name);
    if (value === undefined) return undefined;
    const entries = isRecord(value) ? Object.entries(value) : [];
    const texts = entries.flatMap(([key, it]) => typeof it === "string" ? [[key, it] as const] : []);
    if (isRecord(value) && texts.length === entries.length) return Object.fromEntries(texts);
    throw new RequestError(400, `${name} must be an object of texts`);
  }

  /**
   * Ends the reading.
   *
   * @throws {RequestError} for a part that nobody has taken
   */
  end(): void {
    const unknown = Object.keys(this.#fields).find((name) => !this.#known.has(name));
    if (unknown === undefined) return;
    const known = Array.from(this.#known).join(", ");
    throw new RequestError(400, `Nothing is known of ${JSON.stringify(unknown)}; it may have ${known}`);
  }
}
