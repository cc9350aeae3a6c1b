import { type Context, Flow, type JobState, Registry, Routine } from "@routilux/routilux";
import { type Payload, payload } from "./payload.ts";

/** Sends payloads in one go, and asks for a pause: none of them is handled before. */
class Source extends Routine {
  readonly trigger = this.addSlot("trigger", this.send);
  readonly output = this.addEvent<Payload>("output");
  send({ count }: { count: number }, ctx: Context): void {
    for (let v = 0; v < count; v++) ctx.emit(this.output, payload(v));
    ctx.pause("all is sent");
  }
}

/** Keeps the sum of all that arrives. */
class Sum extends Routine {
  readonly input = this.addSlot("input", this.add);
  add({ v }: Payload, ctx: Context): void {
    ctx.state.update<number>("sum", (sum = 0) => sum + v);
  }
}

/** The names of the routines. */
export const registry: Registry = new Registry({ Source, Sum });

/** A flow whose jobs pause before they handle what they were sent. */
export function pendingFlow(): Flow {
  const flow = new Flow({ id: "pending", registry });
  const { output } = flow.addRoutine(new Source(), "source");
  flow.connect(output, flow.addRoutine(new Sum(), "sum").input);
  return flow;
}

/** Makes a paused job with so many pending tasks. */
export async function pendingJob(flow: Flow, count: number): Promise<JobState> {
  return await flow.run("source", { count });
}

/** Lets a job go on to its end, and returns the sum that it comes to. */
export async function finishJob(flow: Flow, job: JobState): Promise<number> {
  flow.resume(job);
  await flow.waitForCompletion(job);
  return Number(job.routineStates["sum"]?.state["sum"]);
}
