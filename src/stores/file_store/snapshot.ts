import type { JobHead, JobRecord } from "../../ports/store.ts";
import type { Files } from "./files.ts";
import { decodeLine, encodeLine, nextLine } from "./line.ts";

/** The name of a job's file with the flow and the snapshot. */
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
  /** The head when the snapshot was written, which may be later than its revision. */
  readonly head: JobHead;
}

/** What a snapshot file holds. */
export interface Snapshot {
  /** The record of a job whose journal has nothing more. */
  readonly record: JobRecord;
  /** The text of the flow's document. */
  readonly flow: string;
  /** The text of the job's document. */
  readonly snapshot: string;
}

/** Writes three lines: who the job is, its flow, and its document at the record's revision. */
export function encodeSnapshot({ record, flow, snapshot }: Snapshot): Uint8Array[] {
  const { jobId, createdAt, revision, ...head } = record;
  const header: Header = { format: FORMAT, version: VERSION, jobId, createdAt, revision, head };
  return [encodeLine(header), encodeLine({}, "flow", flow), encodeLine({}, "snapshot", snapshot)];
}

/** The parts of a head, each of them there. */
export function copyHead({ flowId, status, wakeAt, owner, epoch, consumed }: JobHead): JobHead {
  return { flowId, status, wakeAt, owner, epoch, consumed };
}

/** Reads the first line only: a snapshot may be large. */
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

/** Reads all of it. */
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
  return { ...copyHead(head), jobId, createdAt, revision };
}

function decodeText(line: Uint8Array, path: string, number: number, name: string): string {
  const decoded = decodeLine(line, name);
  if (decoded === undefined) throw damage(path, number);
  return decoded.text;
}

function damage(path: string, number: number): Error {
  return new Error(`Cannot read "${path}": line ${number} is damaged, it is not what was written`);
}
