import { metrics, trace } from "@opentelemetry/api";
import { Engine, Flow, Routine } from "../../mod.ts";
import { openTelemetry } from "../../src/host/opentelemetry.ts";

// A process that runs one job of two handlers, and whose runtime exports what OpenTelemetry's API is told.

class Step extends Routine {
  readonly trigger = this.addSlot("trigger", (_: unknown, ctx) => {
    trace.getActiveSpan()?.setAttribute("seen", true);
    ctx.emit("output", {});
  });
  readonly output = this.addEvent("output");
}

const telemetry = openTelemetry({ tracer: trace.getTracer("routilux"), meter: metrics.getMeter("routilux") });
const flow = new Flow({ id: "exported", engine: new Engine(telemetry) });
flow.addRoutine(new Step(), "first");
flow.addRoutine(new Step(), "second");
flow.connect("first", "output", "second", "trigger");
const job = await flow.run("first");
if (job.status !== "completed") throw new Error(`The job is ${job.status}`);
