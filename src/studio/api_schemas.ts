import { JOB_STATUSES } from "../job/job.ts";
import { PRIORITIES } from "../job/task.ts";
import { TASK_STATES } from "../inspect/tasks.ts";
import { WINDOWS } from "./throughput.ts";
import type { JsonSchema, Parameter } from "./route.ts";

const text: JsonSchema = { type: "string" };
const instant: JsonSchema = { type: "string", format: "date-time" };
const count: JsonSchema = { type: "integer", minimum: 0 };
const any: JsonSchema = {};
const status: JsonSchema = { enum: JOB_STATUSES };

/** An object with these parts, and no others. */
function object(
  required: Readonly<Record<string, JsonSchema>>,
  optional: Readonly<Record<string, JsonSchema>> = {},
): JsonSchema {
  return {
    type: "object",
    properties: { ...required, ...optional },
    required: Object.keys(required),
    additionalProperties: false,
  };
}

function list(items: JsonSchema): JsonSchema {
  return { type: "array", items };
}

function byName(values: JsonSchema): JsonSchema {
  return { type: "object", additionalProperties: values };
}

function reference(name: string): JsonSchema {
  return { $ref: `#/components/schemas/${name}` };
}

const task = object(
  { id: count, routine: text, slot: text, state: { enum: TASK_STATES }, createdAt: instant },
  {
    ...{ until: instant, onTimeout: text, key: text, attempts: count, steps: count },
    from: object({ routine: text }, { event: text, slot: text }),
  },
);
const failedTask = object(
  { id: count, routine: text, slot: text, at: instant, error: text, attempts: count },
  { handled: { const: true } },
);
const child = object(
  { jobId: text, flowId: text, routine: text, state: { enum: ["asked", "started", "left"] } },
  { to: text, status },
);
const routineSummary = object(
  { tasks: byName(count), failed: count, retries: count },
  { status: text },
);
const span = object(
  { kind: { enum: ["ran", "failed", "retried", "skipped", ...TASK_STATES] }, from: instant },
  { to: instant, task: count, slot: text, events: list(text), error: text },
);

const timeline = {
  from: instant,
  to: instant,
  rows: list(object({ routine: text, spans: list(span) })),
  dropped: count,
  children: list(reference("ChildTimeline")),
};

/** The schemas that several operations share, by name. */
export const SCHEMAS: Readonly<Record<string, JsonSchema>> = {
  Error: object({ error: object({ status: count, message: text }) }),
  JobRecord: object(
    {
      ...{ jobId: text, flowId: text, flowHash: text, status, queue: text, priority: { type: "integer" } },
      ...{
        tags: byName(text),
        createdAt: instant,
        revision: count,
        epoch: count,
        life: count,
        sent: count,
        consumed: count,
      },
    },
    {
      ...{ dueAt: instant, endedAt: instant, owner: text, incarnation: { type: "integer" }, heldUntil: instant },
      parentId: text,
    },
  ),
  JobSummary: object(
    {
      ...{ jobId: text, flowId: text, status, createdAt: instant, updatedAt: instant, ranMs: { type: "number" } },
      ...{
        active: list(task),
        ready: list(task),
        waiting: list(task),
        awaiting: list(task),
        children: list(child),
        collected: list(object({ routine: text, slot: text, key: text, items: count })),
        failures: list(failedTask),
      },
      ...{ routines: byName(routineSummary), outputs: count, logged: count },
    },
    { error: text, parent: text, deadline: instant, pauseReason: text },
  ),
  JobTimeline: object(timeline),
  ChildTimeline: object({ jobId: text, flowId: text, status, ...timeline }, { endedAt: instant }),
  JobCounts: object({ total: count, byStatus: byName(count) }),
  JobDocument: {
    type: "object",
    description: "A job's document; the published schema schemas/job.v1.json says all of it",
    properties: { format: { const: "routilux/job" }, jobId: text, status },
    required: ["format", "version", "jobId", "flowId", "status"],
  },
  FlowDocument: {
    type: "object",
    description: "A flow's document; the published schema schemas/flow.v1.json says all of it",
    properties: { format: { const: "routilux/flow" }, id: text },
    required: ["format", "version", "id", "routines", "connections"],
  },
  ActResult: object(
    {
      act: { enum: ["pause", "resume", "cancel", "redrive", "discard", "deliver", "fork", "start", "delete"] },
      jobId: text,
      outcome: { enum: ["stored", "done"] },
    },
    { key: text },
  ),
};

/** The schemas of answers. */
export const ANSWERS: Readonly<
  Record<
    | "record"
    | "summary"
    | "timeline"
    | "counts"
    | "job"
    | "flow"
    | "act"
    | "error"
    | "page"
    | "token"
    | "whole"
    | "revisions"
    | "differences"
    | "command"
    | "flows"
    | "workers"
    | "throughput"
    | "schedules",
    JsonSchema
  >
> = {
  record: reference("JobRecord"),
  summary: reference("JobSummary"),
  timeline: reference("JobTimeline"),
  counts: reference("JobCounts"),
  job: reference("JobDocument"),
  flow: reference("FlowDocument"),
  act: reference("ActResult"),
  error: reference("Error"),
  page: object({ jobs: list(reference("JobRecord")) }, { cursor: text }),
  token: object({ token: text, header: text }),
  whole: object({ record: reference("JobRecord"), summary: reference("JobSummary") }),
  revisions: object({
    jobId: text,
    begins: count,
    revisions: list(object({ revision: count, kind: text, what: text }, { at: instant })),
  }),
  differences: object({
    jobId: text,
    from: count,
    to: count,
    differences: list(object({ path: text, message: text }, { before: any, after: any })),
  }),
  command: object({ key: text }, { status: { enum: ["stored", "done", "refused"] }, reason: text }),
  flows: object({
    flows: list(object({
      flowId: text,
      entries: list(object(
        { routine: text, slot: text },
        { params: { type: "object", description: "The JSON Schema of its data, where the slot's schema says it" } },
      )),
    }, { reason: { ...text, description: "Why no job of it can be started here" } })),
  }),
  workers: object({
    isWhole: { type: "boolean" },
    owners: list(object({ owner: text, jobs: count, leaseLeftMs: { type: "number" } })),
    queues: list(object(
      { queue: text, pending: count, running: count, held: count, due: count },
      { oldestDueAt: instant },
    )),
  }),
  throughput: object({
    partMs: { type: "number" },
    parts: list(object({ from: instant, created: count, ended: count, failed: count, steps: count })),
    isWhole: { type: "boolean" },
    lookedAt: count,
  }),
  schedules: object({
    schedules: list(object(
      { jobId: text, status, next: list(instant), last: list(reference("JobRecord")) },
      { name: text, cron: text, timeZone: text, missed: text },
    )),
  }, { cursor: text }),
};

/** How far back throughput is measured. */
export const WINDOW: Parameter = {
  name: "window",
  about: "How far back; 15m by default",
  schema: { enum: Object.keys(WINDOWS) },
};

const key: JsonSchema = { type: "string", minLength: 1, description: "Makes it count once, however often it is asked" };
const reason: JsonSchema = { type: "string", description: "Why, for those who look at the job" };

/** The schemas of bodies, by act. */
export const BODIES: Readonly<
  Record<"pause" | "resume" | "cancel" | "redrive" | "discard" | "deliver" | "fork" | "start", JsonSchema>
> = {
  pause: object({}, { reason, graceMs: { ...count, description: "How long running handlers may go on" }, key }),
  resume: object({}, { key }),
  cancel: object({}, { reason, key }),
  redrive: object({}, {
    failures: {
      ...list({ anyOf: [count, object({ taskId: count, data: any })] }),
      description: "The tasks, perhaps with other data; without it, all that are not handled",
    },
    maxRetries: { ...count, description: "How often each may be tried again, in place of what its error handler says" },
    key,
  }),
  discard: object({}, { failures: list(count), key }),
  deliver: object({ routine: text, slot: text }, { data: any, key }),
  fork: object({ revision: count }, { jobId: text }),
  start: object({ routine: text, slot: text }, {
    ...{ params: any, jobId: text, queue: text, priority: { enum: PRIORITIES } },
    at: { ...instant, description: "When it begins; at once without it" },
    tags: byName(text),
  }),
};

/** The parameters that say which job. */
export const ID: Parameter = { name: "id", about: "The job's id: any text", schema: text, isRequired: true };
/** The parameter that says which flow. */
export const FLOW: Parameter = { name: "id", about: "The flow's id: any text", schema: text, isRequired: true };
/** The parameter that says as of when. */
export const REVISION: Parameter = {
  name: "revision",
  about: "As the job was at this revision of its journal; without it, as it is",
  schema: count,
};
/** The parameters that say which jobs. */
export const FILTER: readonly Parameter[] = [
  { name: "flow", about: "Jobs of this flow only", schema: text },
  { name: "status", about: "Jobs in this status only", schema: status },
  { name: "queue", about: "Jobs of this queue only", schema: text },
  { name: "tag", about: "Jobs with these tags only, each as NAME=VALUE", schema: list(text) },
  { name: "parent", about: "Jobs that this job has started only", schema: text },
  { name: "createdBefore", about: "Jobs created before this instant only", schema: instant },
  { name: "endedBefore", about: "Jobs that ended before this instant only", schema: instant },
];
/** The parameters that say which page. */
export const PAGE: readonly Parameter[] = [
  { name: "order", about: "newest (the default) or oldest first", schema: { enum: ["newest", "oldest"] } },
  { name: "limit", about: "At most so many; 100 by default", schema: { type: "integer", minimum: 1, maximum: 500 } },
  { name: "cursor", about: "Goes on after an earlier page of the same filter and order", schema: text },
];
/** A revision that must be named. */
export function neededRevision(name: string): Parameter {
  return { name, about: "A revision of the job's journal", schema: count, isRequired: true };
}
/** The key of a command. */
export const KEY: Parameter = { name: "key", about: "The key that the act was given", schema: text, isRequired: true };
