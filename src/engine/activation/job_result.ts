import { payloadOf } from "../../values/encoder.ts";
import type { Payload } from "../../values/payload.ts";
import { SchemaError, validate } from "../../values/standard_schema.ts";
import type { FlowGraph } from "../../model/flow_graph.ts";
import type { Job } from "../../job/job.ts";
import type { ActivationHost } from "./activation_host.ts";

/**
 * A job's result as a handler sets it, checked by the flow's schema.
 *
 * @throws {TypeError} for `undefined`, which would leave the job without a result
 * @throws {SchemaError} when it does not fit
 * @throws {SerializationError} naming the path of what cannot travel
 */
export function resultOf(
  value: unknown,
  { resultSchema: schema, classes, limits }: ActivationHost,
  routineId: string,
): Payload {
  const action = `Cannot set the result from routine "${routineId}"`;
  const checked = schema === undefined ? value : validate(schema, value, `${action}: the result`);
  const payload = payloadOf(checked, classes, { action, root: "result" }, limits);
  if (payload === undefined) throw new TypeError(`${action}: it is undefined; null stands for nothing`);
  return payload;
}

/** Why a job may not complete: its flow says what its result looks like, and no handler has set one. */
export function missingResult(job: Job, { resultSchema }: FlowGraph): SchemaError | undefined {
  if (resultSchema === undefined || job.result !== undefined) return undefined;
  return new SchemaError(subjectOf(job), [{ message: "no handler has called ctx.result(value)" }]);
}

/** Whether a job has failed because it had no result: then all its tasks have completed, and none is left to run again. */
export function lacksResult(job: Job): boolean {
  return job.error?.name === "SchemaError" && job.error.message.startsWith(subjectOf(job));
}

function subjectOf({ jobId }: Job): string {
  return `The result of job "${jobId}"`;
}
