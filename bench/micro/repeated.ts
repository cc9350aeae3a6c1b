import { type Context, Flow, type JobState, Routine } from "@routilux/routilux";
import { isSmall } from "../harness/program.ts";

/** The number of repetitions in one iteration. */
export const TIMES: number = isSmall ? 100 : 10_000;

/** Calls a function repeatedly in one handler. */
export function repeatInHandler(routine: Routine<object>): () => Promise<JobState> {
  const flow = new Flow({ id: "repeated" });
  flow.addRoutine(routine, "routine");
  return async () => completed(await flow.run("routine"));
}

/** Sends a value to the `input` of a routine repeatedly. */
export function repeatDeliveries(routine: Routine<object>, value: (i: number) => object): () => Promise<JobState> {
  class Source extends Routine {
    readonly trigger = this.addSlot("trigger", this.send);
    readonly output = this.addEvent("output");
    send(_params: unknown, ctx: Context): void {
      for (let i = 0; i < TIMES; i++) ctx.emit(this.output, value(i));
    }
  }
  const flow = new Flow({ id: "delivered" });
  flow.addRoutine(new Source(), "source");
  flow.addRoutine(routine, "routine");
  flow.connect("source", "output", "routine", "input");
  return async () => completed(await flow.run("source"));
}

/** Asserts that a job has completed, and returns it. */
export function completed(job: JobState): JobState {
  if (job.status !== "completed") throw new Error(`The job is ${job.status}: ${job.error?.message}`);
  return job;
}
