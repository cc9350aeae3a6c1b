import { type Context, Engine, Flow, type FlowLimits, type JobState, Registry, Routine } from "../../mod.ts";
import { manualIds, manualTimers } from "../../src/testing/mod.ts";

/** How a value is sent. */
export interface SendOptions {
  /** The names by which classes travel. */
  readonly registry?: Registry;
  /** Bounds of the flow. */
  readonly limits?: Partial<FlowLimits>;
}

/** What came of sending a value from one routine to two others. */
export interface Sent {
  /** The job, at its end. */
  readonly job: JobState;
  /** What the receivers got, the first first. */
  readonly received: readonly unknown[];
  /** What `ctx.emit` threw. */
  readonly thrown: unknown;
}

/** A new engine whose time and ids move by hand. */
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
