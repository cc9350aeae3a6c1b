import { type Context, Flow, type JobState, Registry, Routine } from "@routilux/routilux";
import { type Payload, payload } from "./payload.ts";

/** Emits all payloads, and requests a pause before any of them is handled. */
class Source extends Routine {
  readonly trigger = this.addSlot("trigger", this.send);
  readonly output = this.addEvent<Payload>("output");
  send({ count }: { count: number }, ctx: Context): void {
    for (let v = 0; v < count; v++) ctx.emit(this.output, payload(v));
    ctx.pause("all is sent");
  }
}

/** Adds up the items. */
class Sum extends Routine {
  readonly input = this.addSlot("input", this.add);
  add({ v }: Payload, ctx: Context): void {
    ctx.state.update<number>("sum", (sum = 0) => sum + v);
  }
}

/** The names of the classes in documents. */
export const registry: Registry = new Registry({ Source, Sum });

/** A flow whose jobs pause before they handle their items. */
export function pendingFlow(): Flow {
  const flow = new Flow({ id: "pending", registry });
  const { output } = flow.addRoutine(new Source(), "source");
  flow.connect(output, flow.addRoutine(new Sum(), "sum").input);
  return flow;
}

/** Makes a paused job with the given number of pending tasks. */
export async function pendingJob(flow: Flow, count: number): Promise<JobState> {
  return await flow.run("source", { count });
}

/** Runs a job to its end, and returns its sum. */
export async function finishJob(flow: Flow, job: JobState): Promise<number> {
  flow.resume(job);
  await flow.waitForCompletion(job);
  return Number(job.routineStates["sum"]?.state["sum"]);
}
