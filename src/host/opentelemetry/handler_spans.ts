import {
  context,
  type Link,
  type Span,
  SpanKind,
  SpanStatusCode,
  type TextMapPropagator,
  trace,
  type Tracer,
} from "@opentelemetry/api";
import { isThenable } from "../../base/thenable.ts";
import type { HandlerInfo, Propagate } from "../../ports/around.ts";
import { errorType, handlerAttributes } from "./attributes.ts";
import type { JobSpans } from "./job_spans.ts";
import { readTrace, writeTrace } from "./trace_text.ts";

/** The spans of handlers, and what is kept of them for the handlers that they deliver to. */
export class HandlerSpans {
  readonly #tracer: Tracer;
  readonly #propagator: TextMapPropagator<unknown>;
  readonly #jobs: JobSpans;
  /** Spans by the objects that the engine passes for each handler: a runtime need not have asynchronous contexts. */
  readonly #spans: WeakMap<HandlerInfo, Span> = new WeakMap();

  /** Makes the spans of an engine's handlers. */
  constructor(tracer: Tracer, propagator: TextMapPropagator<unknown>, jobs: JobSpans) {
    this.#tracer = tracer;
    this.#propagator = propagator;
    this.#jobs = jobs;
  }

  /** Runs a handler inside a span, which is the active one while the handler runs. */
  run(info: HandlerInfo, run: () => unknown): unknown {
    const parent = this.#jobs.contextOf(info);
    const name = `process ${info.routineId}.${info.slotName}`;
    const options = { kind: SpanKind.CONSUMER, attributes: handlerAttributes(info), links: this.#links(info) };
    const span = this.#tracer.startSpan(name, options, parent);
    this.#spans.set(info, span);
    const fail = (error: unknown): never => {
      noteError(span, info, error);
      span.end();
      throw error;
    };
    let result: unknown;
    try {
      result = context.with(trace.setSpan(parent, span), run);
    } catch (error) {
      return fail(error);
    }
    if (isThenable(result)) {
      return Promise.resolve(result).then((value) => {
        span.end();
        return value;
      }, fail);
    }
    span.end();
    return result;
  }

  /** The text that is kept with the tasks of a handler's step, or with a new job. */
  readonly propagate: Propagate = ({ flowId, handler }) => {
    if (handler === undefined) return this.#create(flowId);
    const span = this.#spans.get(handler);
    // A slot without a handler has no span: what comes of its delivery follows from whoever made that.
    return span === undefined ? handler.trace : writeTrace(this.#propagator, span, context.active());
  };

  /** The span of whoever makes a job, in the trace that is active there: the job's spans are its children, on whatever host. */
  #create(flowId: string): string | undefined {
    const attributes = {
      "messaging.system": "routilux",
      "messaging.operation.name": "create",
      "messaging.operation.type": "create",
      "messaging.destination.name": flowId,
      "routilux.flow.id": flowId,
    };
    const span = this.#tracer.startSpan(`create ${flowId}`, { kind: SpanKind.PRODUCER, attributes });
    span.end();
    return writeTrace(this.#propagator, span, context.active());
  }

  /** The step that made the task, if it is known: it may have run long ago, on another host. */
  #links({ trace: text }: HandlerInfo): Link[] {
    const origin = readTrace(this.#propagator, text);
    const spanContext = origin && trace.getSpanContext(origin);
    return spanContext === undefined ? [] : [{ context: spanContext }];
  }
}

/** A handler that was told to stop has not failed: its task runs again where the job goes on. */
function noteError(span: Span, info: HandlerInfo, error: unknown): void {
  if (info.signal.aborted) {
    span.addEvent("aborted");
    return;
  }
  const message = error instanceof Error ? error.message : String(error);
  span.recordException(error instanceof Error ? error : message);
  span.setAttribute("error.type", errorType(error));
  span.setStatus({ code: SpanStatusCode.ERROR, message });
}
