import { isRecord } from "../values/json.ts";
import type { JobHead, JobLabels, StoredCommand, StoredJob } from "../ports/store.ts";

/** A job as a line of an export: all that a store keeps of it, except its claim. */
export interface ExportedJob {
  /** Tells the line from others. */
  readonly format: "routilux/stored-job";
  /** The version of the format. */
  readonly version: 1;
  /** The job's id. */
  readonly jobId: string;
  /** The labels of its record, also those that later versions of the library add. */
  readonly labels: JobLabels;
  /** Where it stands. */
  readonly head: Omit<JobHead, "consumed">;
  /** The text of its flow's document. Texts are kept as they are: what they hash to stays the same. */
  readonly flow: string;
  /** The text of its document at the beginning of its journal. */
  readonly snapshot: string;
  /** The texts of the entries of its journal. */
  readonly entries: readonly string[];
  /** The commands that it has not consumed, in order. */
  readonly commands: readonly Pick<StoredCommand, "key" | "text">[];
}

/**
 * The text that stands in place of a job's document until an import has completed the job. No engine can read it, so none goes on
 * with the job.
 */
export const UNFINISHED = '{"format":"routilux/unfinished-import"}';

/** What is in a record beside the labels. */
const NO_LABELS: ReadonlySet<string> = new Set([
  ...["jobId", "life", "revision", "epoch", "owner", "incarnation", "heldUntil", "sent"],
  ...["status", "dueAt", "endedAt", "consumed"],
]);

/** Makes the line of a stored job. */
export function exportJob(
  { entries, flow, record, snapshot }: StoredJob,
  commands: readonly StoredCommand[],
): ExportedJob {
  const { createdAt, dueAt, endedAt, jobId, owner, status } = record;
  const labels = Object.fromEntries(Object.entries(record).filter(([name]) => !NO_LABELS.has(name)));
  // The job has no owner in its new store. If an engine owned it when it was exported, it is due at once there, whatever its head
  // says.
  const isOwned = owner !== undefined && endedAt === undefined;
  return {
    format: "routilux/stored-job",
    version: 1,
    jobId,
    labels: labels as unknown as JobLabels,
    head: { status, dueAt: isOwned ? createdAt : dueAt, endedAt },
    flow,
    snapshot,
    entries,
    commands: commands.map(({ key, text }) => ({ key, text })),
  };
}

/** Reads the line of a job. Returns what is wrong with it, with the path, if something is. */
export function readExportedJob(value: unknown): ExportedJob | string {
  if (!isRecord(value)) return "expected an object";
  const { format, version } = value;
  if (format !== "routilux/stored-job") return `format: expected "routilux/stored-job", got ${JSON.stringify(format)}`;
  if (version !== 1) return `version: expected 1, got ${JSON.stringify(version)}; a newer routilux may read it`;
  const fault = FIELDS.find(([path, isRight]) => !isRight(valueAt(value, path)));
  return fault === undefined ? value as unknown as ExportedJob : `${fault[0]}: expected ${fault[2]}`;
}

type Check = (value: unknown) => boolean;

const isText: Check = (value) => typeof value === "string";
const isCount: Check = (value) => Number.isSafeInteger(value);
const isOptionalCount: Check = (value) => value === undefined || isCount(value);

/** What each line must have. */
const FIELDS: readonly (readonly [path: string, isRight: Check, expected: string])[] = [
  ["jobId", isText, "a text"],
  ["labels.createdAt", isCount, "a whole number of milliseconds"],
  ["labels.flowId", isText, "a text"],
  ["labels.flowHash", isText, "a text"],
  ["labels.queue", isText, "a text"],
  ["labels.priority", isCount, "a whole number"],
  ["labels.tags", (value) => isRecord(value) && Object.values(value).every(isText), "texts by name"],
  ["labels.parentId", (value) => value === undefined || isText(value), "a text"],
  ["head.status", isText, "a text"],
  ["head.dueAt", isOptionalCount, "a whole number of milliseconds"],
  ["head.endedAt", isOptionalCount, "a whole number of milliseconds"],
  ["flow", isText, "a text"],
  ["snapshot", isText, "a text"],
  ["entries", (value) => Array.isArray(value) && value.every(isText), "a list of texts"],
  ["commands", (value) => Array.isArray(value) && value.every(isCommand), "a list of keys and texts"],
];

function isCommand(value: unknown): boolean {
  return isRecord(value) && isText(value["key"]) && isText(value["text"]);
}

function valueAt(object: Readonly<Record<string, unknown>>, path: string): unknown {
  const [first = "", second] = path.split(".");
  const part = object[first];
  return second === undefined ? part : isRecord(part) ? part[second] : undefined;
}
