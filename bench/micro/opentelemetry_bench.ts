import { type Meter, metrics, trace, type Tracer } from "@opentelemetry/api";
import { MeterProvider } from "@opentelemetry/sdk-metrics";
import { AlwaysOffSampler, NoopSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import { type Context, Engine, type EngineOptions, Flow, Routine } from "@routilux/routilux";
import { openTelemetry } from "@routilux/routilux/opentelemetry";
import { bench } from "./bench.ts";

// What traces and metrics cost a handler that does nothing: 11 activations an item, one span each.

const ITEMS = 1_000;
const STAGES = 10;

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
    if (job.toJSON().nextTaskId !== 2 + ITEMS * STAGES) throw new Error("Some tasks have not run");
  };
}

function traced(tracer: Tracer, meter: Meter): () => Promise<void> {
  return chain(openTelemetry({ tracer, meter }));
}

const noTracer = trace.getTracer("none");
const noMeter = metrics.getMeter("none");
const recording = new TracerProvider({ spanProcessors: [new NoopSpanProcessor()] }).getTracer("bench");
const notSampled = new TracerProvider({ sampler: new AlwaysOffSampler() }).getTracer("bench");
const meter = new MeterProvider().getMeter("bench");
const group = "opentelemetry";

bench("10,000 activations", { group, baseline: true }, chain({}));
bench(
  "the same, around and an observer that do nothing",
  { group },
  chain({ around: (_, run) => run(), observer() {} }),
);
bench("the same, OpenTelemetry without an SDK", { group }, traced(noTracer, noMeter));
bench("the same, metrics", { group }, traced(noTracer, meter));
bench("the same, metrics, and spans that are not sampled", { group }, traced(notSampled, meter));
bench("the same, metrics, and spans that are recorded and not exported", { group }, traced(recording, meter));
