import type { JobHead, JobRecord } from "../../ports/store.ts";
import { headOf } from "../../ports/store_kit.ts";
import type { Files } from "./files.ts";
import { damage, decodeLine, encodeLine, nextLine } from "./json_lines.ts";

/** The name of a job's snapshot file. */
export const SNAPSHOT = "snapshot.jsonl";

const FORMAT = "routilux/file-store";
const VERSION = 1;
const FIRST_READ = 4096;

interface Header {
  readonly format: string;
  readonly version: number;
  readonly jobId: string;
  readonly createdAt: number;
  /** The revision of the snapshot. */
  readonly revision: number;
  /** The head at the time of writing, which may be newer than `revision`. */
  readonly head: JobHead;
}

/** The content of a snapshot file. */
export interface Snapshot {
  /** The job's record, for a job without any entries after the snapshot. */
  readonly record: JobRecord;
  /** The flow's document. */
  readonly flow: string;
  /** The job's document. */
  readonly snapshot: string;
}

/**
 * Encodes three lines: a header with the job's record, the flow's document, and the job's document at the record's
 * revision.
 */
export function encodeSnapshot({ record, flow, snapshot }: Snapshot): Uint8Array[] {
  const { jobId, createdAt, revision, ...head } = record;
  const header: Header = { format: FORMAT, version: VERSION, jobId, createdAt, revision, head };
  return [encodeLine(header), encodeLine({}, "flow", flow), encodeLine({}, "snapshot", snapshot)];
}

/** Reads the header only: the rest of the file may be large. */
export function readHeader(files: Files, path: string): JobRecord {
  const file = files.openSync(path, "r");
  try {
    for (let length = FIRST_READ;; length *= 2) {
      const bytes = new Uint8Array(length);
      const read = files.readSync(file, bytes, 0, length, 0);
      const end = nextLine(bytes, 0);
      if (end < length || read < length) return decodeHeader(bytes.subarray(0, end - 1), path);
    }
  } finally {
    files.closeSync(file);
  }
}

/** Reads the whole file. */
export function readSnapshot(files: Files, path: string): Snapshot {
  const bytes = files.readFileSync(path);
  const second = nextLine(bytes, 0);
  const third = nextLine(bytes, second);
  return {
    record: decodeHeader(bytes.subarray(0, second - 1), path),
    flow: decodeText(bytes.subarray(second, third - 1), path, 2, "flow"),
    snapshot: decodeText(bytes.subarray(third, nextLine(bytes, third) - 1), path, 3, "snapshot"),
  };
}

function decodeHeader(line: Uint8Array, path: string): JobRecord {
  const decoded = decodeLine(line);
  if (decoded === undefined) throw damage(path, 1);
  const { format, version, jobId, createdAt, revision, head }: Header = JSON.parse(decoded.fields);
  if (format !== FORMAT || version !== VERSION) {
    throw new Error(`Cannot read "${path}": expected ${FORMAT} ${VERSION}, got ${format} ${version}`);
  }
  return { ...headOf(head), jobId, createdAt, revision };
}

function decodeText(line: Uint8Array, path: string, number: number, name: string): string {
  const decoded = decodeLine(line, name);
  if (decoded === undefined) throw damage(path, number);
  return decoded.text;
}
