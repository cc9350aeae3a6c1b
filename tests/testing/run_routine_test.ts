import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { type Context, ErrorHandler, Registry, Routine } from "../../mod.ts";
import { manualTimers, runRoutine } from "../../src/testing/mod.ts";
import { Point } from "../support/sample_values.ts";

class Patient extends Routine {
  readonly input = this.addSlot("input", this.work);
  readonly again = this.addSlot("again", this.work);
  readonly output = this.addEvent<unknown>("output");
  work(data: unknown, ctx: Context): void {
    if (ctx.attempt < 2) throw new Error("not yet");
    ctx.emit(this.output, { data, at: ctx.now(), name: (ctx.services as { readonly name?: string }).name });
  }
}

function createPatient(): Patient {
  const patient = new Patient();
  patient.setErrorHandler(new ErrorHandler({ strategy: "retry", jitter: 0, retryDelayMs: 100 }));
  return patient;
}

test("runRoutine() runs retries without taking time, and collects what is emitted", async () => {
  const patient = createPatient();
  const { job, emitted } = await runRoutine(patient, patient.input, 5);
  assertEquals([job.status, emitted], ["completed", [{ event: "output", data: { data: 5, at: 300 } }]]);
});

test("runRoutine() leaves a given clock to the test, and passes on services and classes", async () => {
  const patient = createPatient();
  const timers = manualTimers(1_000);
  const registry = new Registry({ Point });
  const { job, emitted } = await runRoutine(patient, patient.input, Point.at(1, 2), {
    timers,
    registry,
    services: { name: "Ada" } as never,
  });
  assertEquals([job.status, emitted.length, job.retryCount("routine")], ["running", 0, 1]);
  await timers.advance(300);
  assertEquals([job.status, job.history().find(({ type }) => type === "emit")?.data], ["completed", {
    data: Point.at(1, 2),
    at: 1_300,
    name: "Ada",
  }]);
});
