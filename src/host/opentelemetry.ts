/**
 * Traces and metrics of an engine, by OpenTelemetry.
 *
 * @module
 */
import { checkOptions } from "../base/options.ts";
import type { Around, Propagate } from "../ports/around.ts";
import type { Observer } from "../ports/observer.ts";
import type { Store } from "../ports/store.ts";
import {
  checkMeter,
  checkPropagator,
  checkTracer,
  type MeterLike,
  type PropagatorLike,
  type TracerLike,
} from "./opentelemetry/api_objects.ts";
import { HandlerSpans } from "./opentelemetry/handler_spans.ts";
import { JobSpans } from "./opentelemetry/job_spans.ts";
import { measuredStore } from "./opentelemetry/measured_store.ts";
import { EngineMetrics } from "./opentelemetry/metrics.ts";
import { observeStore } from "./opentelemetry/store_metrics.ts";
import { traceparentPropagator } from "./opentelemetry/trace_text.ts";

export type { MeterLike, PropagatorLike, TracerLike };

/** The options of `openTelemetry`. */
export interface OpenTelemetryOptions {
  /** Makes the spans: `trace.getTracer("routilux")`. */
  readonly tracer: TracerLike;
  /** Makes the instruments: `metrics.getMeter("routilux")`. */
  readonly meter: MeterLike;
  /**
   * How the context of a span becomes text, which is kept with jobs and tasks; all engines of a job need the same.
   *
   * @default {the header `traceparent` of W3C Trace Context}
   */
  readonly propagator?: PropagatorLike;
  /** The engine's store: its calls are measured, and its jobs are counted whenever metrics are collected, until it is closed. */
  readonly store?: Store;
  /** The queues of the store whose jobs are counted, each for itself. @default {all queues together} */
  readonly queues?: readonly string[];
}

/** What `openTelemetry` gives: options of `new Engine`. */
export interface Telemetry {
  /** Opens a span for each run of a handler, and measures it. */
  readonly around: Around;
  /** Keeps the context of spans with jobs and tasks. */
  readonly propagate: Propagate;
  /** Notes in spans what happens to jobs, and counts it. Call it from your own observer, if the engine has one. */
  readonly observer: Observer;
  /** The store that was given, with measured calls: one object for all who give it, so that the last engine closes it; absent without one. */
  readonly store?: Store;
}

/**
 * Makes traces and metrics of an engine: to be spread into the options of `new Engine`.
 *
 * A job is one trace, on however many hosts it runs, and however long it rests. Whoever makes it has a span `create FLOW`; each
 * engine that runs handlers of it has a span `job FLOW` below that, and below each of these are the spans `process ROUTINE.SLOT` of its
 * handlers, which link to the span whose step made their task. Failures, retries among them, are events of the span of the job.
 *
 * Handlers find their span by `trace.getActiveSpan()` where an asynchronous context manager is registered; nothing else needs one.
 *
 * @param options the tracer and the meter, and a store if the engine has one
 * @returns options for `new Engine`
 * @throws {TypeError} for a tracer, a meter or a propagator that is none, and an unknown option
 *
 * @example
 * ```ts
 * import { metrics, trace } from "@opentelemetry/api";
 * import { Engine, Registry } from "@routilux/routilux";
 * import { openTelemetry } from "@routilux/routilux/opentelemetry";
 * import { memoryStore } from "@routilux/routilux/stores/memory";
 *
 * const telemetry = openTelemetry({
 *   tracer: trace.getTracer("routilux"),
 *   meter: metrics.getMeter("routilux"),
 *   store: memoryStore(),
 * });
 * const engine = new Engine({ registry: new Registry(), ...telemetry });
 * await engine.close();
 * ```
 */
export function openTelemetry(options: OpenTelemetryOptions): Telemetry {
  const action = "Cannot use OpenTelemetry";
  checkOptions<OpenTelemetryOptions>(action, options, {
    tracer: true,
    meter: true,
    propagator: true,
    store: true,
    queues: true,
  });
  const { store, queues } = options;
  const tracer: TracerLike = options.tracer;
  const meter: MeterLike = options.meter;
  const propagator: PropagatorLike = options.propagator ?? traceparentPropagator;
  checkTracer(action, tracer);
  checkMeter(action, meter);
  checkPropagator(action, propagator);
  const jobs = new JobSpans(tracer, propagator);
  const handlers = new HandlerSpans(tracer, propagator, jobs);
  const engine = new EngineMetrics(meter);
  return {
    around: (info, run) => handlers.run(info, () => engine.run(info, run)),
    propagate: handlers.propagate,
    observer: (event) => {
      jobs.observe(event);
      engine.observe(event);
    },
    ...(store && { store: measuredStore(store, meter, observeStore(store, meter, queues)) }),
  };
}
