import * as v from "valibot";
import { parseInstant } from "../base/instant.ts";
import { DEFAULT_VALUE_LIMITS, type ValueLimits, wireOf } from "../values/payload.ts";
import type {
  ChildrenCommit,
  Commit,
  DeferredCommit,
  DeliverCommit,
  ExpireCommit,
  FailureCommit,
  MergeCommit,
  StatusCommit,
  StepCommit,
} from "../job/commit.ts";
import { type Job, JOB_STATUSES } from "../job/job.ts";
import { type Expiry, expiryOf } from "../job/expiry.ts";
import { dataOf, type Moment, type Task } from "../job/task.ts";
import { type Claim, claimCodec, type ClaimDocument } from "./claim.ts";
import * as c from "./codec.ts";
import { checkCommit } from "./commit_checks.ts";
import { commitParts } from "./commit_parts.ts";
import type {
  ChildrenCommitDocument,
  CommitBase,
  CommitDocument,
  DeferredCommitDocument,
  DeliverCommitDocument,
  ExpireCommitDocument,
  FailureCommitDocument,
  JournalEntryDocument,
  MergeCommitDocument,
  StatusCommitDocument,
  StepCommitDocument,
} from "./commit_documents.ts";
import { type Format, openEnvelope } from "./envelope.ts";
import { DocumentReader, type FindTask } from "./reader.ts";
import { pausePoint, record } from "./records.ts";
import { once, type Schema } from "./schema.ts";
import { merged, task, type TaskDocument, taskKey } from "./task.ts";
import { awaitingTask, expiringTask, knownTask, pendingTask } from "./task_references.ts";

/** A commit as its document names its parts; `consumed` is the command that it comes of, if any. */
type Parts<C> = Omit<C, "time" | "started"> & Head;

interface Head {
  readonly at: number;
  readonly consumed: number | undefined;
  readonly ranMs: number;
}

type Filled = CommitBase & Pick<DeliverCommitDocument, "data" | "key" | "kind"> & { readonly fills: number };
type Delivered = CommitBase & Pick<DeliverCommitDocument, "child" | "kind"> & { readonly task: TaskDocument };

// Marked as pure: a bundle without a store leaves it out.
const codecs = /* @__PURE__ */ once(() => {
  const { effects, migrated, slotChange, verdict } = commitParts();
  // A commit has its time as one object: `withTime` reads it.
  const isOnlyWritten = true;
  const head = {
    at: { ...c.instant, isOnlyWritten },
    consumed: { ...c.optional(c.positive), isOnlyWritten },
    format: c.mark("routilux/commit"),
    ranMs: { ...c.duration, isOnlyWritten },
    version: c.mark(1),
  } as const;
  const filled = c.shape<Parts<Omit<DeliverCommit, "task" | "child">> & { fills: Task }, Filled>({
    ...head,
    data: c.optionalValue,
    fills: awaitingTask,
    key: taskKey,
    kind: c.literal("deliver"),
  });
  const kinds = {
    merge: c.shape<Parts<MergeCommit>, MergeCommitDocument>({
      ...head,
      kind: c.literal("merge"),
      merged,
      records: c.optionalList(record),
      slot: c.optional(slotChange),
      task: knownTask,
    }),
    step: c.shape<Parts<StepCommit>, StepCommitDocument>({
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
    failure: c.shape<Parts<FailureCommit>, FailureCommitDocument>({
      ...head,
      active: c.optionalList(pendingTask),
      classVersion: c.positive,
      created: c.optionalList(task),
      dropped: c.optionalCount,
      error: c.error,
      kind: c.literal("failure"),
      records: c.optionalList(record),
      task: knownTask,
      verdict,
    }),
    deliver: c.shape<Parts<Omit<DeliverCommit, "data" | "key">>, Delivered>({
      ...head,
      child: c.optional(c.name),
      kind: c.literal("deliver"),
      task,
    }),
    expire: c.shape<Parts<Omit<ExpireCommit, keyof Expiry>>, ExpireCommitDocument>({
      ...head,
      kind: c.literal("expire"),
      task: expiringTask,
    }),
    deferred: c.shape<Parts<DeferredCommit>, DeferredCommitDocument>({
      ...head,
      created: c.optionalList(task),
      kind: c.literal("deferred"),
      records: c.optionalList(record),
    }),
    children: c.shape<Parts<Omit<ChildrenCommit, "isSettled">> & { settled: boolean }, ChildrenCommitDocument>({
      ...head,
      kind: c.literal("children"),
      opened: c.optionalList(c.name),
      settled: c.flag,
    }),
    status: c.shape<Parts<StatusCommit>, StatusCommitDocument>({
      ...head,
      active: c.optionalList(pendingTask),
      error: c.optional(c.error),
      kind: c.literal("status"),
      maxRetries: c.optional(c.count),
      migrated: c.optionalList(migrated),
      pausePoint: c.optional(pausePoint),
      created: c.optionalList(task),
      discarded: c.optionalList(knownTask),
      redrive: c.flag,
      redriven: c.optional(c.list(knownTask)),
      status: c.oneOf(JOB_STATUSES),
    }),
    claim: claimCodec(),
  };
  return { filled, kinds };
});

/** A commit's document, or a claim's. */
export function commitSchema(): Schema<JournalEntryDocument> {
  const { filled, kinds: { merge, step, failure, ...rest } } = codecs();
  return v.union([merge, step, failure, filled, ...Object.values(rest)].map((codec) => codec.schema()));
}

// For an entry of another kind, which it refuses.
const unknownKind = /* @__PURE__ */ once(() =>
  v.pipe(v.looseObject({ kind: v.picklist(Object.keys(codecs().kinds)) }), v.never())
);

/** What an entry's document of its kind looks like: only this schema can say what is wrong with it. */
export function commitSchemaOf(document: Readonly<Record<string, unknown>>): Schema<JournalEntryDocument> {
  const { filled, kinds } = codecs();
  const { kind } = document;
  if (kind === "deliver" && Object.hasOwn(document, "fills")) return filled.schema();
  return isKind(kind, kinds) ? kinds[kind].schema() : unknownKind();
}

function isKind<K extends object>(kind: unknown, kinds: K): kind is keyof K {
  return typeof kind === "string" && Object.hasOwn(kinds, kind);
}

/** The format of commits. */
const COMMIT_FORMAT: Format<JournalEntryDocument> = {
  name: "routilux/commit",
  version: 1,
  migrations: [],
  schema: commitSchemaOf,
};

/**
 * Writes a commit that has not been applied yet: tasks of the job are named by their ids, new ones are written whole.
 * `consumed` is the command that it comes of, if any.
 */
export function encodeCommit(commit: Commit, consumed?: number): CommitDocument {
  const { filled, kinds } = codecs();
  const { at, ranMs } = commit.time;
  switch (commit.kind) {
    case "merge":
      return kinds.merge.write({ ...commit, at, consumed, ranMs }, wireOf);
    case "step": {
      const { started, records: others } = commit;
      const records = started === undefined ? others : [started, ...others];
      return kinds.step.write({ ...commit, at, consumed, ranMs, records }, wireOf);
    }
    case "failure":
      return kinds.failure.write({ ...commit, at, consumed, ranMs }, wireOf);
    case "deliver":
      return commit.task.details?.awaiting === undefined
        ? kinds.deliver.write({ ...commit, at, consumed, ranMs }, wireOf)
        : filled.write({ ...commit, at, consumed, ranMs, fills: commit.task }, wireOf);
    case "expire":
      return kinds.expire.write({ ...commit, at, consumed, ranMs }, wireOf);
    case "deferred":
      return kinds.deferred.write({ ...commit, at, consumed, ranMs }, wireOf);
    case "children":
      return kinds.children.write({ ...commit, at, consumed, ranMs, settled: commit.isSettled }, wireOf);
    case "status":
      return kinds.status.write({ ...commit, at, consumed, ranMs }, wireOf);
  }
}

/** Writes a claim. */
export function encodeClaim(entry: Claim): ClaimDocument {
  return claimCodec().write(entry, wireOf);
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
    if (document.kind === "claim") return claimCodec().read(document, this.#reader, "", "");
    const commit = readCommit(document, this.#reader);
    checkCommit(commit, this.#job, this.#reader);
    return commit;
  }
}

function readCommit(document: CommitDocument, reader: DocumentReader): Commit {
  const { filled, kinds } = codecs();
  switch (document.kind) {
    case "merge":
      return withTime(kinds.merge.read(document, reader, "", ""), document);
    case "step":
      // Its start stands among the records.
      return { ...withTime(kinds.step.read(document, reader, "", ""), document), started: undefined };
    case "failure":
      return withTime(kinds.failure.read(document, reader, "", ""), document);
    case "deliver": {
      const { fills, task } = document;
      if (fills !== undefined) {
        const { data, fills: task, key, kind } = filled.read({ ...document, fills }, reader, "", "");
        return withTime({ data, key, kind, task }, document);
      }
      // Unreachable: the schema asks for one of the two.
      if (task === undefined) return reader.fail("task", "a task, or the id of one", "neither");
      const parts = withTime(kinds.deliver.read({ ...document, task }, reader, "", ""), document);
      return { ...parts, data: dataOf(parts.task), key: undefined };
    }
    case "expire": {
      const parts = withTime(kinds.expire.read(document, reader, "", ""), document);
      const expiry = expiryOf(parts.task);
      // Unreachable: the codec of the task has asked for it.
      return expiry === undefined ? reader.fail("task", "a task with a slot to tell", "none") : { ...parts, ...expiry };
    }
    case "deferred":
      return withTime(kinds.deferred.read(document, reader, "", ""), document);
    case "children": {
      const { settled, ...parts } = kinds.children.read(document, reader, "", "");
      return withTime({ ...parts, isSettled: settled }, document);
    }
    case "status":
      return withTime(kinds.status.read(document, reader, "", ""), document);
  }
}

function withTime<P>(parts: P, { at, ranMs }: CommitBase): P & { time: Moment } {
  return { ...parts, time: { at: parseInstant(at) ?? 0, ranMs } }; // Unreachable default: the schema has checked the form.
}
