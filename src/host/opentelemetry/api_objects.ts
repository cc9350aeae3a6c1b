import type { Meter, TextMapPropagator, Tracer } from "@opentelemetry/api";
import { describeValue } from "../../base/path.ts";

/** A `Tracer` of `@opentelemetry/api`: whatever has its methods. */
export interface TracerLike {
  /** Makes a span. */
  startSpan(name: string): unknown;
  /** Makes a span, and calls a function in its context. */
  startActiveSpan(...args: never[]): unknown;
}

/** A `Meter` of `@opentelemetry/api`: whatever has its methods. */
export interface MeterLike {
  /** Makes a histogram. */
  createHistogram(name: string): unknown;
  /** Makes a counter. */
  createCounter(name: string): unknown;
  /** Makes a gauge that is asked for its value. */
  createObservableGauge(name: string): unknown;
  /** Has several instruments asked at once. */
  addBatchObservableCallback(...args: never[]): unknown;
  /** Ends that. */
  removeBatchObservableCallback(...args: never[]): unknown;
}

/** A `TextMapPropagator` of `@opentelemetry/api`: whatever has its methods. */
export interface PropagatorLike {
  /** Writes a context into a carrier. */
  inject(...args: never[]): unknown;
  /** Reads a context from a carrier. */
  extract(...args: never[]): unknown;
  /** The headers that it writes. */
  fields(): string[];
}

/** Refuses an object without the methods of a tracer. */
export function checkTracer(action: string, tracer: TracerLike): asserts tracer is Tracer {
  checkMethods(action, "tracer", tracer, ["startSpan", "startActiveSpan"]);
}

/** Refuses an object without the methods of a meter. */
export function checkMeter(action: string, meter: MeterLike): asserts meter is Meter {
  const methods = [
    "createHistogram",
    "createCounter",
    "createObservableGauge",
    "addBatchObservableCallback",
    "removeBatchObservableCallback",
  ];
  checkMethods(action, "meter", meter, methods);
}

/** Refuses an object without the methods of a propagator. */
export function checkPropagator(
  action: string,
  propagator: PropagatorLike,
): asserts propagator is TextMapPropagator<unknown> {
  checkMethods(action, "propagator", propagator, ["inject", "extract", "fields"]);
}

function checkMethods(action: string, name: string, value: unknown, methods: readonly string[]): void {
  const missing = methods.find((it) =>
    typeof value !== "object" || value === null || typeof Reflect.get(value, it) !== "function"
  );
  if (missing === undefined) return;
  throw new TypeError(
    `${action}: ${name} must be one of @opentelemetry/api, with a method ${missing}(), got ${describeValue(value)}`,
  );
}
