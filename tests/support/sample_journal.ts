import type { Child } from "../../src/job/children.ts";
import { taggedPayload, unseenPayload, wireOf } from "../../src/values/payload.ts";
import type { Commit, FailureCommit, SideEffects, StepCommit } from "../../src/job/commit.ts";
import { Job } from "../../src/job/job.ts";
import { type Awaiting, createTask, detailsOf, NO_DETAILS, type Route, type Task } from "../../src/job/task.ts";
import type { Claim } from "../../src/documents/claim.ts";
import { CommitDecoder } from "../../src/documents/commit.ts";

const ENTRY: Route = { routine: "worker", slot: "input", connection: undefined };
const LINK: Route = { routine: "sink", slot: "items", connection: { routine: "worker", event: "output" } };
const DATE = taggedPayload({ $type: "Date", value: "2026-01-31T12:00:00.000Z" });
/** Effects that change nothing. */
export const NOTHING: SideEffects = {
  answers: [],
  withdrawn: [],
  children: [],
  slots: [],
  state: [],
  shared: [],
  log: [],
  outputs: [],
  deferred: [],
  result: undefined,
};

/** Makes a job without tasks. */
export function createJob(): Job {
  return new Job({ jobId: "job", flowId: "flow" }, 0, {
    executionStrategy: undefined,
    maxWorkers: undefined,
    executionTimeoutMs: undefined,
  });
}

function taskOf(job: Job, id: number): Task {
  const task = Array.from(job.tasks).find((it) => it.id === id);
  if (task === undefined) throw new Error(`The job has no task ${id}`);
  return task;
}

function step(job: Job, id: number, change: Partial<StepCommit>): StepCommit {
  return stepCommit(taskOf(job, id), { classVersion: 2, ...change });
}

/** The first and only step of a task that does nothing, and what differs from it. */
export function stepCommit(task: Task, change: Partial<StepCommit>): StepCommit {
  return {
    kind: "step",
    time: { at: 10, ranMs: 1 },
    task,
    step: 0,
    outcome: "done",
    progress: undefined,
    created: [],
    started: undefined,
    records: [],
    effects: undefined,
    classVersion: 1,
    ...change,
  };
}

/** The failure of a task that ends its job, and what differs from it. */
export function failureCommit(task: Task, change: Partial<FailureCommit>): FailureCommit {
  return {
    kind: "failure",
    time: { at: 10, ranMs: 0 },
    task,
    error: { name: "Error", message: "no" },
    verdict: { kind: "end", status: "failed", stop: true },
    created: [],
    dropped: 0,
    active: [],
    records: [],
    classVersion: 1,
    ...change,
  };
}

/** Reads an entry of a job's journal. */
export function readEntry(document: unknown, job: Job): Commit | Claim {
  const tasks = () => [...job.tasks, ...job.failures.map(({ task }) => task)];
  return new CommitDecoder(job, (id) => tasks().find((task) => task.id === id)).read(document);
}

/** Reads a commit of a job's journal. */
export function readCommit(document: unknown, job: Job): Commit {
  const entry = readEntry(document, job);
  if (entry.kind === "claim") throw new Error("a claim is no commit");
  return entry;
}

const CHILDREN: readonly Child[] = ["input", undefined, "input"].map((to, index) => ({
  jobId: "abc".charAt(index),
  flowId: "tool",
  routine: "worker",
  to,
  start: {
    flow: '{"id":"tool"}',
    routine: "tool",
    slot: "trigger",
    params: index === 0 ? { n: 1 } : undefined,
    queue: index === 1 ? "fast" : undefined,
    priority: index === 1 ? 0 : undefined,
    tags: index === 1 ? { of: "7" } : undefined,
  },
  inner: undefined,
  isLeft: false,
}));

/** A journal in which each kind of commit has its turn: each is made for the job as the ones before have left it. */
export const JOURNAL: readonly ((job: Job) => Commit)[] = [
  () => ({
    kind: "deliver",
    key: undefined,
    time: { at: 1, ranMs: 0 },
    task: createTask(1, ENTRY, unseenPayload({ when: 1 }), { at: 1 }),
    data: unseenPayload({ when: 1 }),
    child: undefined,
  }),
  () => ({
    kind: "status",
    time: { at: 2, ranMs: 0 },
    status: "running",
    error: undefined,
    pausePoint: undefined,
    active: [],
    redrive: false,
    redriven: undefined,
    maxRetries: undefined,
    discarded: [],
    created: [],
    migrated: [],
  }),
  (job) =>
    step(job, 1, {
      outcome: "active",
      progress: DATE,
      created: [
        createTask(2, LINK, DATE, { at: 10 }, detailsOf("high")),
        createTask(3, LINK, unseenPayload({ a: [1] }), { at: 10 }, { ...NO_DETAILS, priority: "low", notBefore: 500 }),
        createTask(4, ENTRY, undefined, { at: 10 }, { ...NO_DETAILS, awaiting: awaitingOf() }),
      ],
      records: [
        { routine: "worker", type: "start", event: undefined, data: undefined, at: 10 },
        { routine: "worker", type: "emit", event: "output", data: DATE, at: 10 },
      ],
      effects: {
        answers: [],
        withdrawn: [],
        children: [],
        slots: [
          { routine: "worker", slot: "kept", kind: "set", value: { v: 1 } },
          { routine: "sink", slot: "items", kind: "append", items: new Map([["a", 1], ["constructor", 2]]) },
        ],
        state: [["count", 1], ["__x", DATE]],
        shared: [["total", 5], ["gone", undefined]],
        log: [{ routine: "worker", entry: { said: "so" }, at: 10 }],
        outputs: [{ routine: "worker", type: "line", data: undefined, at: 10 }],
        deferred: [{ routine: "worker", event: "output", data: { late: true }, key: undefined }],
        result: DATE,
      },
    }),
  (job) => ({
    kind: "merge",
    time: { at: 11, ranMs: 2 },
    task: taskOf(job, 2),
    merged: { kind: "lists", lists: new Map([["a", { from: 0, to: 2 }]]) },
    slot: { routine: "sink", slot: "items", kind: "append", items: new Map([["a", DATE]]) },
    records: [{ routine: "sink", type: "start", event: undefined, data: undefined, at: 11 }],
  }),
  (job) =>
    failureCommit(taskOf(job, 2), {
      time: { at: 12, ranMs: 3 },
      error: { name: "TypeError", message: "no", code: "E", cause: { name: "Error", message: "why" } },
      verdict: { kind: "retry", attempt: 1, maxRetries: 3, notBefore: 1_012 },
      active: [taskOf(job, 1)],
    }),
  (job) =>
    step(job, 1, { step: 1, outcome: "parked", progress: 7, effects: { ...NOTHING, shared: [["total", undefined]] } }),
  (job) => ({
    kind: "deliver",
    key: undefined,
    time: { at: 13, ranMs: 3 },
    task: taskOf(job, 4),
    data: { answer: wireOf(DATE) === null },
  }),
  (job) =>
    step(job, 4, {
      effects: { ...NOTHING, slots: [{ routine: "sink", slot: "items", kind: "clear", upTo: new Map([["a", 2]]) }] },
    }),
  () => ({
    kind: "deferred",
    time: { at: 14, ranMs: 4 },
    created: [createTask(5, LINK, unseenPayload({ late: true }), { at: 14 })],
    records: [{ routine: "worker", type: "emit", event: "output", data: { late: true }, at: 14 }],
  }),
  (job) => failureCommit(taskOf(job, 5), { time: { at: 15, ranMs: 5 }, error: { name: "Error", message: "stop" } }),
  () => ({
    kind: "status",
    time: { at: 16, ranMs: 5 },
    status: "running",
    error: undefined,
    pausePoint: undefined,
    active: [],
    redrive: true,
    redriven: undefined,
    maxRetries: 7,
    discarded: [],
    created: [],
    migrated: [{ routine: "worker", version: 3, state: [["count", 2], ["old", undefined]] }],
  }),
  (job) => ({
    kind: "status",
    time: { at: 17, ranMs: 5 },
    status: "paused",
    error: { name: "CancelledError", message: "m" },
    pausePoint: { reason: "why", checkpoint: DATE, at: 17 },
    active: [taskOf(job, 5)],
    redrive: false,
    redriven: undefined,
    maxRetries: undefined,
    discarded: [],
    created: [],
    migrated: [],
  }),
  (job) =>
    step(job, 1, {
      step: 2,
      outcome: "parked",
      created: [
        createTask(6, ENTRY, undefined, { at: 18 }, { ...NO_DETAILS, awaiting: awaitingOf("late") }),
        createTask(7, LINK, 1, { at: 18 }, { ...NO_DETAILS, emitKey: "reminder", notBefore: 500 }),
      ],
    }),
  (job) => ({
    kind: "expire",
    time: { at: 19, ranMs: 5 },
    task: taskOf(job, 6),
    route: { routine: "worker", slot: "late", connection: undefined },
    data: unseenPayload({ slot: "input", timeoutMs: 5 }),
  }),
  (job) => step(job, 6, { effects: { ...NOTHING, withdrawn: [taskOf(job, 7)], children: CHILDREN } }),
  () => ({ kind: "children", time: { at: 20, ranMs: 5 }, opened: ["a", "b", "c"], isSettled: false }),
  () => ({
    kind: "deliver",
    key: undefined,
    time: { at: 21, ranMs: 5 },
    task: createTask(8, ENTRY, unseenPayload({ jobId: "a", status: "completed" }), { at: 21 }),
    data: unseenPayload({ jobId: "a", status: "completed" }),
    child: "a",
  }),
];

function awaitingOf(onTimeout?: string): Awaiting {
  return { timeoutMs: 5, until: 15, onTimeout };
}

/** Claims of a job: one by an engine whose predecessor had died at its work, one that lets go. */
export const CLAIMS: readonly Claim[] = [
  {
    kind: "claim",
    at: 18,
    consumed: 3,
    epoch: 2,
    owner: "engine",
    incarnation: 4,
    tried: [{ attempt: 0, recoveries: 1, step: 2, task: 3, died: [1], survived: [2] }],
    until: 30_018,
  },
  {
    kind: "claim",
    at: 19,
    consumed: 0,
    epoch: 2,
    owner: undefined,
    incarnation: undefined,
    tried: [],
    until: undefined,
  },
];
