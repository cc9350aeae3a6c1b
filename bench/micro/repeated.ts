import { type Context, Flow, type JobState, Routine } from "@routilux/routilux";

/** How often one iteration does what is measured. */
export const TIMES = 10_000;

/** Calls something again and again in one handler. */
export function repeatInHandler(routine: Routine<object>): () => Promise<JobState> {
  const flow = new Flow({ id: "repeated" });
  flow.addRoutine(routine, "routine");
  return async () => completed(await flow.run("routine"));
}

/** Sends a value to the `input` of a routine again and again. */
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

/** A job that has completed; any other is an error. */
export function completed(job: JobState): JobState {
  if (job.status !== "completed") throw new Error(`The job is ${job.status}: ${job.error?.message}`);
  return job;
}
