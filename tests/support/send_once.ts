import { type Context, Engine, Flow, type FlowLimits, type JobState, Registry, Routine } from "../../mod.ts";
import { manualIds, manualTimers } from "../../src/testing/mod.ts";

/** The registry and limits of the flow. */
export interface SendOptions {
  /** The registry of the classes in the value. */
  readonly registry?: Registry;
  /** The value limits of the flow. */
  readonly limits?: Partial<FlowLimits>;
}

/** The result of sending a value from one routine to two others. */
export interface Sent {
  /** The job, at its end. */
  readonly job: JobState;
  /** The values received, the first routine's first. */
  readonly received: readonly unknown[];
  /** The error that `ctx.emit` has thrown. */
  readonly thrown: unknown;
}

/** A new engine with manual timers and ids. */
export function newManualEngine(): Engine {
  return new Engine({ timers: manualTimers(), ids: manualIds() });
}

/** Lets the routine `source` emit what `make` returns to the routines `first` and `second`, in a job of its own. */
export async function sendOnce(make: () => unknown, options: SendOptions = {}): Promise<Sent> {
  const received: unknown[] = [];
  let thrown: unknown;

  class Source extends Routine {
    readonly trigger = this.addSlot("trigger", this.send);
    readonly output = this.addEvent("output");
    send(_params: unknown, ctx: Context): void {
      try {
        ctx.emit(this.output, make());
      } catch (error) {
        thrown = error;
        throw error;
      }
    }
  }
  class Sink extends Routine {
    readonly input = this.addSlot("input", this.take);
    take(data: unknown): void {
      received.push(data);
    }
  }

  const { registry = new Registry(), limits = {} } = options;
  const flow = new Flow({ id: "flow", registry, limits, engine: newManualEngine() });
  const source = flow.addRoutine(new Source(), "source");
  for (const id of ["first", "second"]) flow.connect(source.output, flow.addRoutine(new Sink(), id).input);
  return { job: await flow.run(source.trigger), received, thrown };
}
