import * as v from "valibot";
import { MAX_DEPTH } from "../values/payload.ts";
import { between, integer, list, named, once, optional, strict } from "./schema_combinators.ts";
import { ERROR_STRATEGIES } from "../model/error_handler.ts";
import { partSchemas } from "./part_schemas.ts";

const FUNCTION_NAME = '{ "method": name } or { "function": name }';

/** A flow's document. */
export const flowSchema: () => v.GenericSchema = once(() => {
  const { count, duration, executionStrategy, executionTimeoutMs, name, positive, source, values } = partSchemas();
  // Not a name: whether there is a function of that name is found out where it is looked for.
  const text = v.pipe(v.string(), v.nonEmpty());
  const functionName = v.union(
    [strict({ method: text }), strict({ function: text })],
    `Invalid: expected ${FUNCTION_NAME}`,
  );
  const errorHandler = strict({
    isCritical: optional(v.boolean()),
    jitter: optional(between(0, 1)),
    maxRetries: optional(count),
    maxRetryDelayMs: optional(duration),
    retryBackoff: optional(between(0)),
    retryDelayMs: optional(duration),
    retryableErrors: optional(list(v.string())),
    strategy: v.picklist(ERROR_STRATEGIES),
  });
  const routine = strict({
    config: values,
    errorHandler: optional(errorHandler),
    events: named(strict({ params: optional(list(v.string())) })),
    fields: optional(values),
    functions: optional(named(functionName)),
    slots: named(strict({
      handler: optional(functionName),
      merge: optional(v.union([v.literal("append"), functionName], `Invalid: expected "append", ${FUNCTION_NAME}`)),
      timeoutMs: optional(between(1)),
      timer: optional(v.literal(true)),
    })),
    type: name,
    version: positive,
  });
  return strict({
    connections: list(
      strict({ from: source, mapping: optional(named(name)), to: strict({ routine: name, slot: name }) }),
    ),
    errorHandler: optional(errorHandler),
    executionStrategy,
    executionTimeoutMs,
    format: v.literal("routilux/flow"),
    id: name,
    limits: optional(strict({
      bytes: optional(positive),
      depth: optional(integer(1, MAX_DEPTH)),
      highWater: optional(positive),
      history: optional(count),
      log: optional(count),
      nodes: optional(positive),
      outputs: optional(count),
      steps: optional(positive),
    })),
    maxWorkers: positive,
    routines: named(routine),
    version: v.literal(1),
  });
});
