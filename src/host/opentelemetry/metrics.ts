import type { Attributes, Counter, Histogram, Meter } from "@opentelemetry/api";
import { isThenable } from "../../base/thenable.ts";
import type { HandlerInfo } from "../../ports/around.ts";
import type { EngineEvent } from "../../ports/observer.ts";
import { destinationOf, errorType } from "./attributes.ts";

/** Seconds: the buckets that the semantic conventions advise for durations. */
const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

/** A histogram of durations in seconds. */
export function durations(meter: Meter, name: string, description: string): Histogram {
  return meter.createHistogram(name, { unit: "s", description, advice: { explicitBucketBoundaries: SECONDS } });
}

/** Calls a function, and records in seconds how long it took, until its promise is settled if it gives one. */
export function measure<T>(histogram: Histogram, attributes: Attributes, call: () => T): T {
  const began = performance.now();
  const record = (more?: Attributes): void =>
    histogram.record((performance.now() - began) / 1_000, more === undefined ? attributes : { ...attributes, ...more });
  const fail = (error: unknown): never => {
    record({ "error.type": errorType(error) });
    throw error;
  };
  let result: T;
  try {
    result = call();
  } catch (error) {
    return fail(error);
  }
  if (isThenable(result)) {
    return Promise.resolve(result).then((value) => {
      record();
      return value;
    }, fail) as T;
  }
  record();
  return result;
}

/** The metrics that an engine's events and handlers give. */
export class EngineMetrics {
  readonly #handlers: Histogram;
  readonly #tasks: Counter;
  readonly #jobs: Counter;
  readonly #problems: Counter;

  /** Makes the instruments. */
  constructor(meter: Meter) {
    this.#handlers = durations(meter, "messaging.process.duration", "Duration of handlers");
    this.#tasks = meter.createCounter("routilux.tasks", {
      unit: "{task}",
      description: "Steps, failures and ends of tasks, by outcome",
    });
    this.#jobs = meter.createCounter("routilux.job.transitions", {
      unit: "{transition}",
      description: "Changes of the status of jobs, by the new status",
    });
    this.#problems = meter.createCounter("routilux.problems", {
      unit: "{problem}",
      description: "Failures of stores, callbacks and commands, and jobs that are lost, stalled or refused, by type",
    });
  }

  /** Runs a handler, and records how long it took. */
  run(info: HandlerInfo, run: () => unknown): unknown {
    const { flowId, routineId, slotName } = info;
    const attributes = { ...destinationOf(flowId, routineId, slotName), "messaging.operation.name": "process" };
    return measure(this.#handlers, attributes, run);
  }

  /** Counts what happens. */
  observe(event: EngineEvent): void {
    switch (event.type) {
      case "task": {
        const { flowId, routine, slot, outcome, error } = event;
        const attributes: Attributes = { ...destinationOf(flowId, routine, slot), "routilux.task.outcome": outcome };
        if (error !== undefined) attributes["error.type"] = error.name;
        return this.#tasks.add(1, attributes);
      }
      case "status":
        return this.#jobs.add(1, { "routilux.flow.id": event.flowId, "routilux.job.status": event.to });
      case "callback_error":
      case "store_error":
      case "engine_error":
      case "command_error":
      case "lost":
      case "stalled":
      case "refused":
      case "replaced":
        return this.#problems.add(1, { "routilux.problem.type": event.type });
      default:
    }
  }
}
