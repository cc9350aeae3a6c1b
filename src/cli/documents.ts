import { readFile } from "node:fs/promises";
import { openEnvelope } from "../documents/envelope.ts";
import { FLOW_FORMAT, type FlowDocument } from "../documents/flow_schema.ts";
import { JOB_FORMAT, type JobDocument } from "../documents/job.ts";
import { isRecord } from "../values/json.ts";
import type { Call } from "./command.ts";
import { CommandError, EXIT, reasonOf } from "./failure.ts";
import type { CommandHost } from "./host.ts";
import { unusableFile } from "./unusable_file.ts";

/** The documents in a file: a flow, a job, or both. */
export interface Documents {
  /** Where they are from, for messages. */
  readonly source: string;
  /** The flow. */
  readonly flow?: FlowDocument;
  /** The job. */
  readonly job?: JobDocument;
}

/** The parts of a file that are to be documents, before they are checked. */
export interface RawDocuments {
  readonly source: string;
  readonly flow?: unknown;
  readonly job?: unknown;
}

/** What commands say of their files in the help. */
export const DOCUMENT_NOTES: readonly string[] = [
  "FILE holds a flow, a job, or an object with both under flow and job, as",
  "`routilux jobs show JOB --json` gives it; - is the standard input.",
];

/** The option that names a flow for a job that stands alone. */
export const FLOW_OPTION: { readonly flow: { readonly value: string; readonly about: string } } = {
  flow: { value: "FILE", about: "the flow, where FILE holds a job alone" },
};

/**
 * Reads the documents of a file, and checks them by their schemas.
 *
 * @throws {CommandError} when the file cannot be read, or holds no document
 */
export async function readDocuments(call: Call, path: string): Promise<Documents> {
  const { flow, job, source } = await readRawDocuments(call, path);
  try {
    return {
      source,
      ...(flow === undefined ? {} : { flow: openEnvelope(flow, FLOW_FORMAT) }),
      ...(job === undefined ? {} : { job: openEnvelope(job, JOB_FORMAT) }),
    };
  } catch (cause) {
    throw new CommandError(EXIT.input, `${source}: ${reasonOf(cause)}`, { cause });
  }
}

/**
 * Reads the documents of a file by their `format`, without checking them further.
 *
 * @throws {CommandError} when the file cannot be read, is no JSON, or holds nothing that says to be a document
 */
export async function readRawDocuments(call: Call, path: string): Promise<RawDocuments> {
  const source = path === "-" ? "standard input" : path;
  const json = parse(source, await readText(call.host, path));
  const found = isRecord(json) ? documentsIn(json) : undefined;
  if (found === undefined) {
    const expected =
      'neither a flow nor a job: expected "format" to be "routilux/flow" or "routilux/job", or an object with both';
    throw new CommandError(EXIT.input, `${source}: ${expected}`);
  }
  const flowPath = call.value("flow");
  if (flowPath === undefined || found.flow !== undefined) return { source, ...found };
  const flow = parse(flowPath, await readText(call.host, flowPath));
  return { source, flow: (isRecord(flow) ? documentsIn(flow)?.flow : undefined) ?? flow, job: found.job };
}

function documentsIn(json: Readonly<Record<string, unknown>>): Omit<RawDocuments, "source"> | undefined {
  const { flow, format, job = json["jobState"] } = json;
  if (format === "routilux/flow") return { flow: json };
  if (format === "routilux/job") return { job: json };
  return flow === undefined && job === undefined ? undefined : { flow, job };
}

/** What to give instead of a text that holds no document, or not the one that is needed. */
const REMEDY = "give one whole document, as `routilux jobs show JOB --json` writes it";

function parse(source: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new CommandError(EXIT.input, `${source}: the text is no JSON: ${reasonOf(cause)}; ${REMEDY}`, { cause });
  }
}

/**
 * Reads all of a file, or of the standard input. A mark of the byte order at its beginning, as Windows writes it, is left out.
 *
 * @throws {CommandError} when it cannot be read, or is no UTF-8
 */
export async function readText(host: CommandHost, path: string): Promise<string> {
  const bytes = path === "-" ? await readAll(host.input) : await readFile(path).catch((cause: unknown) => {
    throw unusableFile(path, "read", cause);
  });
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    const source = path === "-" ? "standard input" : path;
    throw new CommandError(EXIT.input, `${source}: the text is not in UTF-8; save it so`, { cause });
  }
}

async function readAll(input: ReadableStream<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for (const reader = input.getReader();;) {
    const { done, value } = await reader.read();
    if (done) return new Uint8Array(await new Blob(parts as BlobPart[]).arrayBuffer());
    parts.push(value);
  }
}

/** The flow of documents. */
export function flowOf({ flow, source }: Documents): FlowDocument {
  if (flow !== undefined) return flow;
  throw new CommandError(EXIT.input, `${source}: there is no flow beside the job; name its file by --flow`);
}

/** The job of documents. */
export function jobOf({ job, source }: Documents): JobDocument {
  if (job !== undefined) return job;
  throw new CommandError(EXIT.input, `${source}: there is no job in it; ${REMEDY}`);
}
