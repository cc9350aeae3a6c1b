import { MAX_COUNT } from "../../base/bounded_list.ts";
import { payloadOf } from "../../values/encoder.ts";
import type { ErrorData } from "../../values/error_data.ts";
import { draftOf, keyedWireOf, partPayload, type Payload, valueOf } from "../../values/payload.ts";
import { validate } from "../../values/standard_schema.ts";
import type { DeferredCommit, FailureCommit, MergeCommit, StatusCommit, StepCommit } from "../../job/commit.ts";
import { createTasks, decideVerdict, failureRecords, failuresToDrop } from "../../job/decide.ts";
import type { TaskStart } from "../../job/history.ts";
import type { Job, JobStatus } from "../../job/job.ts";
import { listEnd, type SlotData } from "../../job/slot_data.ts";
import { hasStarted, type Instant, type ListRange, type Moment, shownData, type Task } from "../../job/task.ts";
import type { Activation } from "./activation.ts";
import type { ActivationHost } from "./activation_host.ts";
import { emissionsOf, type Plan, type RoutinePlan, type SlotPlan, STOP } from "./plan.ts";

/**
 * The commit by which a delivery is merged into its slot: it is checked by the slot's schema, then joined with the data that the
 * slot holds. The commit says what the handler gets, now and at later attempts, and how the slot changes.
 *
 * @throws {SchemaError} when the delivery does not fit the schema
 * @throws {TypeError} when append gets data without keys
 * @throws whatever a merge function throws
 */
export function mergeCommit(host: ActivationHost, task: Task, plan: SlotPlan, time: Moment): MergeCommit {
  const { slot, routine } = plan;
  const at = { routine: routine.id, slot: slot.name };
  const action = `Cannot merge into slot "${slot.name}" of routine "${routine.id}"`;
  const held = host.job.slots.get(routine.id)?.get(slot.name);
  const data = checkDelivery(host, task, plan);
  const commit = { kind: "merge", time, task, records: startRecords(task, time) } as const;
  if (slot.merge === "append") {
    const { ranges, items } = append(held, data, action);
    return { ...commit, merged: { kind: "lists", lists: ranges }, slot: { ...at, kind: "append", items } };
  }
  let value = data;
  if (typeof slot.merge === "function") {
    const old = held?.kind === "value" ? draftOf(held.value, host.classes) : undefined;
    const merged: unknown = Reflect.apply(slot.merge, routine.routine, [old, draftOf(data, host.classes)]);
    value = payloadOf(merged, host.classes, { action, root: "data" }, host.limits);
  }
  const stores = typeof slot.merge === "function" || slot.handler === undefined;
  return { ...commit, merged: { kind: "value", value }, slot: stores ? { ...at, kind: "set", value } : undefined };
}

function checkDelivery({ classes, limits }: ActivationHost, task: Task, { slot, routine }: SlotPlan) {
  const data = shownData(task);
  if (slot.schema === undefined) return data;
  const subject = `Data for slot "${slot.name}" of routine "${routine.id}"`;
  const output = validate(slot.schema, valueOf(data, classes), subject);
  return payloadOf(output, classes, { action: subject, root: "data" }, limits);
}

/** The items that are appended, and the ranges of the lists that the handler gets, by key. */
function append(held: SlotData | undefined, data: Payload | undefined, action: string) {
  const json = keyedWireOf(data);
  if (json === undefined) throw new TypeError(`${action}: append needs an object, whose values it collects key by key`);
  const items = new Map<string, Payload>();
  const ranges = new Map<string, ListRange>();
  for (const [key, value] of Object.entries(json)) {
    const list = held?.kind === "lists" ? held.lists.get(key) : undefined;
    const end = list === undefined ? 0 : listEnd(list);
    if (end >= MAX_COUNT) throw new RangeError(`${action}: the list ${JSON.stringify(key)} has no positions left`);
    items.set(key, partPayload(value, data));
    ranges.set(key, { from: list?.cleared ?? 0, to: end + 1 });
  }
  return { items, ranges };
}

/**
 * The commit of what a handler has done since its last commit.
 *
 * @throws {StepLimitError} when the job would make more tasks than `steps`
 * @throws whatever an update function throws
 */
export function stepCommit(
  job: Job,
  activation: Activation,
  outcome: StepCommit["outcome"],
  progress: Payload | undefined,
  steps: number,
  time: Moment,
): StepCommit {
  const { task, emissions, expectations, plan } = activation;
  return {
    kind: "step",
    time,
    task,
    step: task.details?.step ?? 0,
    outcome,
    progress,
    created: createTasks(job, emissions, expectations, time, steps),
    started: isFirst(task) ? plan.startAt(time) : undefined,
    records: emissions.entries,
    effects: activation.effects(),
    classVersion: plan.version,
  };
}

/**
 * The commit of a task's failure, by the error handler of its routine; a fatal one fails the job in any case. `retry` says whether
 * the error is one that is tried again. The job keeps at most `limit` failures.
 */
export function failureCommit(
  job: Job,
  task: Task,
  routine: RoutinePlan,
  error: ErrorData,
  retry: boolean | number,
  isFatal: boolean,
  time: Moment,
  limit: number,
): FailureCommit {
  const verdict = decideVerdict(job, task, !isFatal && retry, isFatal ? STOP : routine.errorHandler, time.at);
  const records = [...startRecords(task, time), ...failureRecords(routine.id, error, verdict, time.at)];
  const dropped = failuresToDrop(job, verdict, limit);
  return {
    kind: "failure",
    time,
    task,
    error,
    verdict,
    created: [],
    dropped,
    active: [],
    records,
    classVersion: routine.version,
  };
}

/** The commit of a change of status and nothing else. */
export function statusCommit(
  status: JobStatus,
  time: Moment,
  more: Partial<Omit<StatusCommit, "kind" | "status" | "time">> = {},
): StatusCommit {
  return {
    kind: "status",
    time,
    status,
    active: [],
    error: undefined,
    pausePoint: undefined,
    redrive: false,
    redriven: undefined,
    maxRetries: undefined,
    discarded: [],
    created: [],
    migrated: [],
    ...more,
  };
}

/** The history of a task that begins with a merge or a failure. */
function startRecords(task: Task, time: Instant): readonly TaskStart[] {
  return isFirst(task) ? [{ routine: task.route.routine, time }] : [];
}

/** Whether this is a task's first commit, which writes its `start` into the history. */
function isFirst(task: Task): boolean {
  return task.details === undefined || (!hasStarted(task) && task.details.awaiting === undefined);
}

/**
 * The commit by which deferred events are sent.
 *
 * @throws {StepLimitError} when the job may not make so many tasks
 */
export function deferredCommit(job: Job, plan: Plan, time: Moment): DeferredCommit {
  const emissions = emissionsOf(plan, job.deferredEvents);
  const created = createTasks(job, emissions, [], time, plan.graph.limits.steps);
  return { kind: "deferred", time, created, records: emissions.entries };
}
