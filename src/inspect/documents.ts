import { openEnvelope } from "../documents/envelope.ts";
import { JOB_FORMAT, type JobDocument } from "../documents/job.ts";

/**
 * Checks that a value is a job's document.
 *
 * @throws {SerializationError} when it is none, naming the path
 */
export function readJobDocument(json: unknown): JobDocument {
  return openEnvelope(json, JOB_FORMAT);
}

/** The entries of an optional object of a document, sorted by key. */
export function entriesOf<T>(named: { readonly [name: string]: T } | undefined): readonly (readonly [string, T])[] {
  return Object.entries(named ?? {}).sort(([a], [b]) => compareTexts(a, b));
}

/** The order of two texts by their code units, which is the same everywhere: also the order of instants in ISO 8601. */
export function compareTexts(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}
