import { type PreflightError, SerializationError } from "../../mod.ts";

/** Throws unless a condition holds; the complaint, which may be costly to write, says what is wrong. */
export function demand(condition: boolean, complaint: string | (() => string)): asserts condition {
  if (!condition) throw new Error(typeof complaint === "string" ? complaint : complaint());
}

/** What reading a text has come to, before the library has seen it: of no use, or JSON. */
export function parse(text: string): { readonly json: unknown } | undefined {
  try {
    return { json: deepFreeze(JSON.parse(text)) };
  } catch (error) {
    demand(error instanceof SyntaxError || error instanceof RangeError, `the parser threw ${error}`);
    return undefined;
  }
}

/** A refusal says which document, which path, what was expected and what came; the path leads somewhere. */
export function checkRefusal(error: unknown, format: string, json: unknown): void {
  demand(error instanceof SerializationError, () => `not a typed error: ${describe(error)}`);
  const { document, path, message } = error;
  demand(document === format, `the document of the error is ${document}: ${message}`);
  const opening = `Cannot read ${format}: ${path === "" ? "" : `${path}: `}`;
  demand(message.startsWith(opening), `the message does not begin with "${opening}": ${message}`);
  const isOfModel = error.cause !== undefined;
  demand(
    isOfModel || /^expected [^]+, got [^]+$/.test(message.slice(opening.length)),
    `what was expected, what came? ${message}`,
  );
  demand(!/expected .*\bunknown\b.*, got/.test(message), `nobody knows what was expected: ${message}`);
  demand(leadsSomewhere(path, json), `the path ${path} is not in the document: ${message}`);
  demand(path !== "" || typeof json !== "object" || json === null || Array.isArray(json), `no path: ${message}`);
}

/** All findings have a code, a message, and a path that leads somewhere. */
export function checkFindings(error: PreflightError, json: unknown): void {
  demand(error.findings.length > 0, "an error without findings");
  for (const { code, path, message } of error.findings) {
    demand(
      code !== "" && message !== "" && path !== "",
      `an empty finding: ${JSON.stringify({ code, path, message })}`,
    );
    demand(leadsSomewhere(path, json), `the path ${path} is not in the document: ${message}`);
  }
}

/** An error in words, with where it was thrown. */
export function describe(error: unknown): string {
  return error instanceof Error ? `${error.stack ?? error}` : String(error);
}

const STEP = /^(?:\.?([\p{ID_Start}$_][\p{ID_Continue}$]*)|\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\])/u;

/** Every step of a path but the last is in the document; the last may be what is missing. */
function leadsSomewhere(path: string, json: unknown): boolean {
  let [rest, value] = [path, json];
  while (rest !== "") {
    const step = STEP.exec(rest);
    if (step === null || typeof value !== "object" || value === null) return false;
    const key = step[1] ?? step[2] ?? String(JSON.parse(step[3] ?? ""));
    value = Array.isArray(value) && step[2] === undefined
      ? childOf(value, key)
      : Object.getOwnPropertyDescriptor(value, key)?.value;
    rest = rest.slice(step[0].length);
  }
  return true;
}

/** A child of a job, which findings name by its id: with its flow, which it shares with others, and its document. */
function childOf(groups: readonly unknown[], jobId: string): unknown {
  return groups.flatMap((group) => {
    const { flow, jobs = [] } = Object(group);
    return Array.isArray(jobs) ? jobs.map((child) => ({ ...Object(child), flow })) : [];
  }).find((child) => child.jobId === jobId);
}

/** Without recursion: a text may be nested deeper than a call stack. Whoever writes into what it reads throws. */
function deepFreeze(json: unknown): unknown {
  const open: unknown[] = [json];
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    if (typeof value !== "object" || value === null) continue;
    Object.freeze(value);
    for (const below of Object.values(value)) open.push(below);
  }
  return json;
}
