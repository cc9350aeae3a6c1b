import { SerializationError } from "../../base/errors.ts";
import { checkSteps, errorJson } from "../../job/decide.ts";
import type { Job } from "../../job/job.ts";
import { createTask, dataOf, type Instant, NO_DETAILS, type Task } from "../../job/task.ts";
import { applyMapping, type KeyMapping } from "../../model/connection.ts";
import type { FlowLimits } from "../../model/flow_limits.ts";
import type { ErrorData } from "../../values/error_data.ts";
import type { JsonObject } from "../../values/json.ts";
import { type Payload, wireOf } from "../../values/payload.ts";
import { ValueReader } from "../../values/value_reader.ts";
import type { FailureRoute } from "./plan.ts";

/** The routes of a failure of a task; none for most. */
export function failureRoutes(
  slot: { readonly failureRoutes: readonly FailureRoute[] | undefined },
  kinds: readonly (string | number)[],
): readonly FailureRoute[] {
  return slot.failureRoutes?.filter(({ errors }) => errors?.some((kind) => kinds.includes(kind)) !== false) ?? NONE;
}

const NONE: readonly FailureRoute[] = [];

/**
 * Makes the tasks by which a failure is delivered. A failure that does not fit into the limits of values is not delivered.
 *
 * @throws {StepLimitError} when the job would make more tasks than it may
 */
export function failureTasks(
  job: Job,
  task: Task,
  routes: readonly FailureRoute[],
  error: ErrorData,
  time: Instant,
  limits: FlowLimits,
): readonly Task[] {
  const payloads = routes.flatMap(({ route }) => {
    const data = failurePayload(task, error, route.mapping ?? {}, limits);
    return data === undefined ? [] : [{ route, data }];
  });
  checkSteps(job.nextTaskId - 1 + payloads.length, limits.steps);
  const trace = task.details?.trace;
  const details = trace === undefined ? undefined : { ...NO_DETAILS, trace };
  return payloads.map(({ route, data }, i) => createTask(job.nextTaskId + i, route, data, time, details));
}

/** The failure as data; what does not fit is left out, and named. */
function failurePayload(
  task: Task,
  error: ErrorData,
  mapping: KeyMapping,
  limits: FlowLimits,
): Payload | undefined {
  const { id, route: { routine, slot }, details } = task;
  const data = dataOf(task);
  const base = { attempts: (details?.attempt ?? 0) + 1, routineId: routine, slotName: slot, taskId: id };
  const whole = { ...base, ...(data === undefined ? {} : { data: wireOf(data) }), error: errorJson(error) };
  const { data: _data, ...withoutData } = whole;
  const { name, message } = error;
  const forms: readonly JsonObject[] = [
    whole,
    { ...withoutData, omitted: ["data"] },
    { ...base, error: { message, name }, omitted: ["data", "error"] },
  ];
  for (const form of forms) {
    try {
      return new ValueReader("failure", limits).readUnseen(applyMapping(form, mapping), "failure", "");
    } catch (problem) {
      // Unreachable: nothing else is thrown by values that have been read or made before.
      if (!(problem instanceof SerializationError)) throw problem;
    }
  }
  return undefined;
}
