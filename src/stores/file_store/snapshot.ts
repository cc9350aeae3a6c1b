import type { KeptRecord } from "../../ports/store_kit.ts";
import type { Files } from "./files.ts";
import { damage, decodeHeader, decodeLine, encodeLine, FORMAT, nextLine } from "./json_lines.ts";
import { headOf, type StoredHead, withHead } from "./stored_head.ts";

/** The name of a job's snapshot file. */
export const SNAPSHOT = "snapshot.jsonl";

const FIRST_READ = 4096;

/** The fields of a record that stand in the header beside the head. */
type Fixed = Omit<KeptRecord, keyof StoredHead | "sent">;

interface Header extends Fixed {
  readonly token: string;
  /** The head at the time of writing, which may be newer than `revision`. */
  readonly head: StoredHead;
}

/** What the first line of a snapshot file says of a job. */
export interface JobBase {
  /** The job's record, for a job without any entries after the snapshot, and with an empty inbox. */
  readonly record: KeptRecord;
  /** When the record's head was made. */
  readonly at: number;
  /** The token of the call that has created the job. */
  readonly token: string;
}

/** The content of a snapshot file. */
export interface Snapshot extends JobBase {
  /** The flow's document. */
  readonly flow: string;
  /** The job's document. */
  readonly snapshot: string;
}

/**
 * Encodes three lines: a header with the job's record, the flow's document, and the job's document at the record's
 * revision.
 */
export function encodeSnapshot({ record, at, token, flow, snapshot }: Snapshot): Uint8Array[] {
  const { jobId, life, createdAt, flowId, flowHash, queue, priority, tags, parentId, revision } = record;
  const fixed: Fixed = { jobId, life, createdAt, flowId, flowHash, queue, priority, tags, parentId, revision };
  const header: Header = { ...fixed, token, head: headOf(record, at) };
  return [encodeLine({ ...FORMAT, ...header }), encodeLine({}, "flow", flow), encodeLine({}, "snapshot", snapshot)];
}

/** Reads the header only: the rest of the file may be large. `scratch` is written over. */
export function readBase(files: Files, scratch: Uint8Array, path: string): JobBase {
  const file = files.openSync(path, "r");
  try {
    for (let length = FIRST_READ;; length *= 2) {
      const bytes = length > scratch.length ? new Uint8Array(length) : scratch.subarray(0, length);
      const line = bytes.subarray(0, files.readSync(file, bytes, 0, length, 0));
      const end = nextLine(line, 0);
      if (end < length || line.length < length) return decodeBase(line.subarray(0, end - 1), path);
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
    ...decodeBase(bytes.subarray(0, second - 1), path),
    flow: decodeText(bytes.subarray(second, third - 1), path, 2, "flow"),
    snapshot: decodeText(bytes.subarray(third, nextLine(bytes, third) - 1), path, 3, "snapshot"),
  };
}

function decodeBase(line: Uint8Array, path: string): JobBase {
  const header = decodeHeader<Header>(line, path);
  const { jobId, life, createdAt, flowId, flowHash, queue, priority, tags, parentId, revision, head, token } = header;
  const fixed = { jobId, life, createdAt, flowId, flowHash, queue, priority, tags, parentId, revision, sent: 0 };
  return { record: withHead(fixed, head), at: head.at, token };
}

function decodeText(line: Uint8Array, path: string, number: number, name: string): string {
  const text = decodeLine(line, name)?.text;
  if (text === undefined) throw damage(path, number);
  return text;
}
