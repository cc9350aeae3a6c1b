import { metrics, trace } from "@opentelemetry/api";
import { MeterProvider } from "@opentelemetry/sdk-metrics";
import { AlwaysOffSampler, NoopSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import { type Context, Engine, type EngineOptions, Flow, Routine } from "@routilux/routilux";
import { openTelemetry } from "@routilux/routilux/opentelemetry";

// A chain of handlers that do nothing, without a tracer and with several: one span for each activation.

const ITEMS = 1_000;
const STAGES = 10;

/** How many activations a run has. */
export const ACTIVATIONS: number = 1 + ITEMS * STAGES;

class Source extends Routine {
  readonly trigger = this.addSlot("trigger", this.send);
  readonly output = this.addEvent<number>("output");
  send(_: unknown, ctx: Context): void {
    for (let i = 0; i < ITEMS; i++) ctx.emit(this.output, i);
  }
}

class Stage extends Routine {
  readonly trigger = this.addSlot("trigger", this.pass);
  readonly output = this.addEvent<number>("output");
  pass(n: number, ctx: Context): void {
    ctx.emit(this.output, n);
  }
}

function chain(options: EngineOptions): () => Promise<void> {
  const flow = new Flow({ id: "chain", engine: new Engine(options) });
  flow.addRoutine(new Source(), "0");
  for (let i = 1; i <= STAGES; i++) {
    flow.addRoutine(new Stage(), `${i}`);
    flow.connect(`${i - 1}`, "output", `${i}`, "trigger");
  }
  return async () => {
    const job = await flow.run("0");
    if (job.toJSON().nextTaskId !== 1 + ACTIVATIONS) throw new Error("Some tasks have not run");
  };
}

/** The variants, by names: each makes a function that runs the chain once. */
export const VARIANTS: Readonly<Record<string, () => () => Promise<void>>> = {
  "no tracer": () => chain({}),
  "around and an observer that do nothing": () => chain({ around: (_, run) => run(), observer() {} }),
  "a tracer and a meter without an SDK": () =>
    chain(openTelemetry({ tracer: trace.getTracer("none"), meter: metrics.getMeter("none") })),
  "metrics": () => chain(openTelemetry({ tracer: trace.getTracer("none"), meter: meter() })),
  "metrics, and spans that are not sampled": () => chain(openTelemetry({ tracer: tracer(true), meter: meter() })),
  "metrics, and spans that are recorded": () => chain(openTelemetry({ tracer: tracer(false), meter: meter() })),
};

function meter(): ReturnType<MeterProvider["getMeter"]> {
  return new MeterProvider().getMeter("bench");
}

function tracer(isOff: boolean): ReturnType<TracerProvider["getTracer"]> {
  const options = isOff ? { sampler: new AlwaysOffSampler() } : { spanProcessors: [new NoopSpanProcessor()] };
  return new TracerProvider(options).getTracer("bench");
}
