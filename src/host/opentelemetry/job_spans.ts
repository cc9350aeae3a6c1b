import {
  type Attributes,
  type Context,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  type TextMapPropagator,
  trace,
  type Tracer,
} from "@opentelemetry/api";
import type { HandlerInfo } from "../../ports/around.ts";
import type { EngineEvent, TaskEvent } from "../../ports/observer.ts";
import { readTrace } from "./trace_text.ts";

/** A job that is live here. */
interface JobSpan {
  readonly span: Span;
  /** The context in which the span is the active one. */
  readonly context: Context;
  /** Why it fails or is lost, once that is known. */
  problem: string | undefined;
}

/**
 * The spans of the jobs that are live in this engine: each from the first handler that runs until the job ends, rests or goes
 * elsewhere. An engine that goes on with the job opens another one, under the same parent.
 */
export class JobSpans {
  readonly #tracer: Tracer;
  readonly #propagator: TextMapPropagator<unknown>;
  readonly #spans: Map<string, JobSpan> = new Map();

  /** Makes the spans of an engine. */
  constructor(tracer: Tracer, propagator: TextMapPropagator<unknown>) {
    this.#tracer = tracer;
    this.#propagator = propagator;
  }

  /** The context under which a handler's span stands: that of its job. */
  contextOf(info: HandlerInfo): Context {
    const known = this.#spans.get(info.jobId);
    if (known !== undefined) return known.context;
    const { jobId, flowId, jobTrace, trace: text } = info;
    // A job that was made without a tracer belongs to the trace of the first step that was made with one.
    const parent = readTrace(this.#propagator, jobTrace) ?? readTrace(this.#propagator, text) ?? ROOT_CONTEXT;
    const attributes = {
      "messaging.system": "routilux",
      "messaging.message.conversation_id": jobId,
      "routilux.flow.id": flowId,
    };
    const span = this.#tracer.startSpan(`job ${flowId}`, { kind: SpanKind.CONSUMER, attributes }, parent);
    const context = trace.setSpan(parent, span);
    this.#spans.set(jobId, { span, context, problem: undefined });
    return context;
  }

  /** Notes what happens to a job. */
  observe(event: EngineEvent): void {
    if (event.type === "task") this.#noteFailure(event);
    else if (event.type === "status" && event.to !== "running") this.#end(event.jobId, event.to);
    else if (event.type === "released") this.#end(event.jobId, "released");
    else if (event.type === "lost") {
      const { jobId, error } = event;
      const known = this.#spans.get(jobId);
      if (known !== undefined) known.problem = error instanceof Error ? error.message : String(error);
      this.#end(jobId, "lost");
    }
  }

  /** What follows from the failure of a task is decided after its handler: it is an event of the job. */
  #noteFailure({ jobId, routine, slot, task, attempt, outcome, error }: TaskEvent): void {
    if (error === undefined) return;
    const attributes: Attributes = {
      "routilux.routine.id": routine,
      "routilux.slot.name": slot,
      "routilux.task.id": task,
      "routilux.task.attempt": attempt,
      "error.type": error.name,
      "exception.message": error.message,
    };
    const known = this.#spans.get(jobId);
    known?.span.addEvent(outcome === "stop" ? "fail" : outcome, attributes);
    if (known !== undefined && outcome === "stop") known.problem = error.message;
  }

  #end(jobId: string, place: string): void {
    const known = this.#spans.get(jobId);
    if (known === undefined) return;
    this.#spans.delete(jobId);
    known.span.setAttribute("routilux.job.status", place);
    if (place === "failed" || place === "lost") {
      known.span.setStatus({ code: SpanStatusCode.ERROR, message: known.problem ?? place });
    }
    known.span.end();
  }
}
