import * as v from "valibot";
import { DEFAULT_VALUE_LIMITS, type Payload, type ValueLimits, wireOf } from "../values/payload.ts";
import type { Commit, DeferredCommit, FailureCommit, MergeCommit, StatusCommit, StepCommit } from "../job/commit.ts";
import { type Job, JOB_STATUSES, type JobStatus } from "../job/job.ts";
import { dataOf, type Moment, type Task } from "../job/task.ts";
import type { JsonValue } from "../values/json.ts";
import { type Claim, claim, type ClaimDocument } from "./claim.ts";
import * as c from "./codec.ts";
import type { ErrorDocument } from "./codec.ts";
import { checkCommit } from "./commit_checks.ts";
import {
  effects,
  type EffectsDocument,
  migrated,
  type MigratedDocument,
  slotChange,
  type SlotChangeDocument,
  verdict,
  type VerdictDocument,
} from "./commit_parts.ts";
import { type Format, openEnvelope } from "./envelope.ts";
import { DocumentReader, type FindTask } from "./reader.ts";
import { pausePoint, type PausePointDocument, record, type RecordDocument } from "./records.ts";
import { once, type Schema, strict } from "./schema.ts";
import { merged, type MergedDocument, task, type TaskDocument } from "./task.ts";

/** What all commits have. */
export interface CommitEnvelope {
  /** When it was made. */
  readonly at: string;
  /** The last command of the job's inbox that was consumed by then, where this commit comes of it. */
  readonly consumed?: number;
  /** Tells a commit from a job. */
  readonly format: "routilux/commit";
  /** How long the job has worked by then, in milliseconds. */
  readonly ranMs: number;
  /** The version of the format. */
  readonly version: 1;
}

/** A slot has merged a delivery. */
export interface MergeCommitDocument extends CommitEnvelope {
  /** Tells the kinds apart. */
  readonly kind: "merge";
  /** What the handler gets. */
  readonly merged: MergedDocument;
  /** The history of it. */
  readonly records?: readonly RecordDocument[];
  /** How the slot changes. */
  readonly slot?: SlotChangeDocument;
  /** The id of the delivery's task. */
  readonly task: number;
}

/** A handler has come to a step, or to its end. */
export interface StepCommitDocument extends CommitEnvelope {
  /** The version of the routine's class. */
  readonly classVersion: number;
  /** The tasks that were made. */
  readonly created?: readonly TaskDocument[];
  /** What else changes. */
  readonly effects?: EffectsDocument;
  /** Tells the kinds apart. */
  readonly kind: "step";
  /** Whether the handler has ended, goes on, or rests as a generator. */
  readonly outcome: "done" | "active" | "parked";
  /** What the task keeps for its next step. */
  readonly progress?: JsonValue;
  /** The history of it. */
  readonly records?: readonly RecordDocument[];
  /** Which of the task's steps this is. */
  readonly step: number;
  /** The id of the task. */
  readonly task: number;
}

/** A handler has failed. */
export interface FailureCommitDocument extends CommitEnvelope {
  /** The tasks whose handlers were stopped with it: they run first when the job goes on. */
  readonly active?: readonly number[];
  /** The version of the routine's class. */
  readonly classVersion: number;
  /** The error. */
  readonly error: ErrorDocument;
  /** Tells the kinds apart. */
  readonly kind: "failure";
  /** The history of it. */
  readonly records?: readonly RecordDocument[];
  /** The id of the task. */
  readonly task: number;
  /** What happens to the task. */
  readonly verdict: VerdictDocument;
}

/** A delivery has come from outside: a task of its own, or the one that was awaited. */
export interface DeliverCommitDocument extends CommitEnvelope {
  /** What was delivered to the task that awaited it. */
  readonly data?: JsonValue;
  /** The id of the task that awaited it. */
  readonly fills?: number;
  /** Tells the kinds apart. */
  readonly kind: "deliver";
  /** The task of its own. */
  readonly task?: TaskDocument;
}

/** Deferred events have been sent. */
export interface DeferredCommitDocument extends CommitEnvelope {
  /** The tasks that were made. */
  readonly created?: readonly TaskDocument[];
  /** Tells the kinds apart. */
  readonly kind: "deferred";
  /** The history of it. */
  readonly records?: readonly RecordDocument[];
}

/** The job goes to another status. */
export interface StatusCommitDocument extends CommitEnvelope {
  /** The tasks whose handlers were stopped: they run first when the job goes on. */
  readonly active?: readonly number[];
  /** Why it failed or was cancelled. */
  readonly error?: ErrorDocument;
  /** Tells the kinds apart. */
  readonly kind: "status";
  /** States that were brought to the versions of the classes. */
  readonly migrated?: readonly MigratedDocument[];
  /** The mark of a pause. */
  readonly pausePoint?: PausePointDocument;
  /** The failures become tasks again. */
  readonly redrive?: true;
  /** Where it stands now. */
  readonly status: JobStatus;
}

/** An entry of a journal: one change of a job, or a claim on it. */
export type EntryDocument = CommitDocument | ClaimDocument;

/** One change of a job, on the wire. */
export type CommitDocument =
  | MergeCommitDocument
  | StepCommitDocument
  | FailureCommitDocument
  | DeliverCommitDocument
  | DeferredCommitDocument
  | StatusCommitDocument;

/** A task of the job: its id. */
const knownTask: c.Codec<Task, number> = {
  schema: c.positive.schema,
  write: ({ id }) => id,
  read: (id, reader, path, part) => reader.task(id, path, part),
};

/** A task of the job that has not ended: its id. */
const pendingTask: c.Codec<Task, number> = {
  ...knownTask,
  read: (id, reader, path, part) => reader.pendingTask(id, path, part),
};

/** A task of the job that awaits a delivery: its id. */
const awaitingTask: c.Codec<Task, number> = {
  ...knownTask,
  read: (id, reader, path, part) => {
    const task = reader.pendingTask(id, path, part);
    if (task.details?.awaiting !== undefined) return task;
    return reader.fail(path + part, "the id of a task that awaits a delivery", String(id));
  },
};

/** A commit as its document names its parts; `consumed` is the command that it comes of, if any. */
type Parts<C> = Omit<C, "time" | "started" | "version"> & Head;

interface Head {
  readonly at: number;
  readonly consumed: number | undefined;
  readonly ranMs: number;
}

interface DeliverParts extends Head {
  readonly data: Payload | undefined;
  readonly fills: Task | undefined;
  readonly kind: "deliver";
  readonly task: Task | undefined;
}

type Filled = CommitEnvelope & Pick<DeliverCommitDocument, "data" | "kind"> & { readonly fills: number };
type Delivered = CommitEnvelope & Pick<DeliverCommitDocument, "kind"> & { readonly task: TaskDocument };

// Marked as pure: a bundle without a store leaves it out.
const codecs = /* @__PURE__ */ once(() => {
  const head = {
    at: c.instant,
    consumed: c.optional(c.positive),
    format: c.mark("routilux/commit"),
    version: c.mark(1),
    ranMs: c.duration,
  };
  return {
    merge: c.shape<Parts<MergeCommit>, MergeCommitDocument>({
      ...head,
      kind: c.literal("merge"),
      merged,
      records: c.optionalList(record),
      slot: c.optional(slotChange),
      task: knownTask,
    }),
    step: c.shape<Parts<StepCommit> & { classVersion: number }, StepCommitDocument>({
      ...head,
      classVersion: c.positive,
      created: c.optionalList(task),
      effects: c.optional(effects),
      kind: c.literal("step"),
      outcome: c.oneOf(["done", "active", "parked"]),
      progress: c.optionalValue,
      records: c.optionalList(record),
      step: c.count,
      task: knownTask,
    }),
    failure: c.shape<Parts<FailureCommit> & { classVersion: number }, FailureCommitDocument>({
      ...head,
      active: c.optionalList(pendingTask),
      classVersion: c.positive,
      error: c.error,
      kind: c.literal("failure"),
      records: c.optionalList(record),
      task: knownTask,
      verdict,
    }),
    deliver: c.shape<DeliverParts, DeliverCommitDocument>({
      ...head,
      data: c.optionalValue,
      fills: c.optional(awaitingTask),
      kind: c.literal("deliver"),
      task: c.optional(task),
    }),
    deferred: c.shape<Parts<DeferredCommit>, DeferredCommitDocument>({
      ...head,
      created: c.optionalList(task),
      kind: c.literal("deferred"),
      records: c.optionalList(record),
    }),
    status: c.shape<Parts<StatusCommit>, StatusCommitDocument>({
      ...head,
      active: c.optionalList(pendingTask),
      error: c.optional(c.error),
      kind: c.literal("status"),
      migrated: c.optionalList(migrated),
      pausePoint: c.optional(pausePoint),
      redrive: c.flag,
      status: c.oneOf(JOB_STATUSES),
    }),
    claim,
  };
});

// Marked as pure, as above.
const schemas = /* @__PURE__ */ once(() => {
  const { merge, step, failure, deferred, status } = codecs();
  const head = {
    at: c.instant.schema(),
    consumed: c.optional(c.positive).schema(),
    format: v.literal("routilux/commit"),
    version: v.literal(1),
    ranMs: c.duration.schema(),
  };
  const kind = v.literal("deliver");
  const filled = strict<Filled>({ ...head, data: c.optionalValue.schema(), fills: c.positive.schema(), kind });
  const kinds = {
    merge: merge.schema(),
    step: step.schema(),
    failure: failure.schema(),
    deliver: strict<Delivered>({ ...head, kind, task: task.schema() }),
    deferred: deferred.schema(),
    status: status.schema(),
    claim: claim.schema(),
  };
  const any: Schema<EntryDocument> = v.union(
    [kinds.merge, kinds.step, kinds.failure, filled, kinds.deliver, kinds.deferred, kinds.status, kinds.claim],
  );
  // For an entry of another kind, which it refuses.
  const unknown = v.pipe(v.looseObject({ kind: v.picklist(Object.keys(kinds)) }), v.never());
  return { any, filled, kinds, unknown };
});

/** A commit's document, or a claim's. */
export function commitSchema(): Schema<EntryDocument> {
  return schemas().any;
}

/** What an entry's document of its kind looks like. Only that tells what is wrong with it. */
export function commitSchemaOf({ kind, ...rest }: Readonly<Record<string, unknown>>): Schema<EntryDocument> {
  const { filled, kinds, unknown } = schemas();
  if (kind === "deliver" && Object.hasOwn(rest, "fills")) return filled;
  return Object.entries(kinds).find(([name]) => name === kind)?.[1] ?? unknown;
}

/** The format of commits. */
export const COMMIT_FORMAT: Format<EntryDocument> = {
  name: "routilux/commit",
  version: 1,
  migrations: [],
  schema: commitSchema,
  schemaOf: commitSchemaOf,
};

/**
 * Writes a commit that has not been applied yet: tasks of the job are named by their ids, new ones are written whole.
 * `consumed` is the command that it comes of, if any.
 */
export function encodeCommit(commit: Commit, consumed?: number): CommitDocument {
  const head: Head = { at: commit.time.at, consumed, ranMs: commit.time.ranMs };
  switch (commit.kind) {
    case "merge":
      return codecs().merge.write({ ...commit, ...head }, wireOf);
    case "step": {
      const { started, records, version: classVersion } = commit;
      const all = started === undefined ? records : [started, ...records];
      return codecs().step.write({ ...commit, ...head, classVersion, records: all }, wireOf);
    }
    case "failure":
      return codecs().failure.write({ ...commit, ...head, classVersion: commit.version }, wireOf);
    case "deliver": {
      const { kind, task, data } = commit;
      const parts = task.details?.awaiting === undefined
        ? { ...head, kind, task, data: undefined, fills: undefined }
        : { ...head, kind, task: undefined, data, fills: task };
      return codecs().deliver.write(parts, wireOf);
    }
    case "deferred":
      return codecs().deferred.write({ ...commit, ...head }, wireOf);
    case "status":
      return codecs().status.write({ ...commit, ...head }, wireOf);
  }
}

/** Writes a claim. */
export function encodeClaim(entry: Claim): ClaimDocument {
  return claim.write(entry, wireOf);
}

/** Reads the entries of a job's journal. */
export class CommitDecoder {
  readonly #job: Job;
  readonly #reader: DocumentReader;

  /** Makes a decoder for a job whose tasks `find` finds. */
  constructor(job: Job, find: FindTask, limits: ValueLimits = DEFAULT_VALUE_LIMITS) {
    this.#job = job;
    this.#reader = new DocumentReader(COMMIT_FORMAT.name, limits, true, { job, find });
  }

  /** The classes that the values read so far name, with the first place of each. */
  get classes(): ReadonlyMap<string, string> {
    return this.#reader.values.classes;
  }

  /**
   * Reads an entry for a job in the state that it was made in, and adopts it: what is in it is frozen.
   *
   * @throws {SerializationError} naming the path, what was expected and what came; also for a commit that a job in this
   * state cannot have made
   */
  read(json: unknown): Commit | Claim {
    const document = openEnvelope(json, COMMIT_FORMAT);
    if (document.kind === "claim") return claim.read(document, this.#reader, "", "");
    const commit = readCommit(document, this.#reader);
    checkCommit(commit, this.#job, (path, expected, got) => this.#reader.fail(path, expected, got));
    return commit;
  }
}

function readCommit(document: CommitDocument, reader: DocumentReader): Commit {
  switch (document.kind) {
    case "merge":
      return withTime(codecs().merge.read(document, reader, "", ""));
    case "step": {
      const { classVersion, ...parts } = withTime(codecs().step.read(document, reader, "", ""));
      // Its start stands among the records.
      return { ...parts, started: undefined, version: classVersion };
    }
    case "failure": {
      const { classVersion, ...parts } = withTime(codecs().failure.read(document, reader, "", ""));
      return { ...parts, version: classVersion };
    }
    case "deliver": {
      const { task, fills = task, data, ...parts } = withTime(codecs().deliver.read(document, reader, "", ""));
      // Unreachable: the schema asks for one of the two.
      if (fills === undefined) return reader.fail("task", "a task, or the id of one", "neither");
      return { ...parts, task: fills, data: task === undefined ? data : dataOf(task) };
    }
    case "deferred":
      return withTime(codecs().deferred.read(document, reader, "", ""));
    case "status":
      return withTime(codecs().status.read(document, reader, "", ""));
  }
}

function withTime<P extends Head>({ at, ranMs, consumed: _, ...parts }: P): Omit<P, keyof Head> & { time: Moment } {
  return { ...parts, time: { at, ranMs } };
}
