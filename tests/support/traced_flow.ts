import { type Context, Flow, Registry, Routine } from "../../mod.ts";
import type { Engine } from "../../mod.ts";
import type { WorkLine } from "./process_trace.ts";

/** How many steps a visit has. */
export const VISIT_STEPS = 3;

/** What the handlers of a traced flow need of their process. */
export interface TracedProcess {
  readonly process: number;
  /** The incarnation that the engine has now. */
  readonly incarnation: () => number;
  readonly trace: (line: WorkLine) => void;
}

/** Makes the classes of a flow whose handlers write what they do to a trace. */
export function tracedRegistry({ process, incarnation, trace }: TracedProcess): Registry {
  /** Works on steps for some milliseconds each; what a step has done enters the job by name of the process. */
  function tracer({ jobId, signal }: Context) {
    const lease = incarnation();
    const write = (kind: WorkLine["kind"], key: string) =>
      trace({ kind, process, incarnation: lease, jobId, key, at: Date.now() });
    return {
      stored: (key: string) => write("stored", key),
      async work(ctx: Context, ms: number): Promise<void> {
        // A handler whose job is lost stops: the next step would run beside that of the new owner.
        signal.throwIfAborted();
        const key = ctx.idempotencyKey;
        write("begin", key);
        try {
          await new Promise((resolve) => setTimeout(resolve, ms));
        } finally {
          write("end", key);
        }
        ctx.shared.update<string[]>("done", (done = []) => [...done, `${key} ${process}`]);
      },
    };
  }
  /** Takes visits until it is told to finish. */
  class Desk extends Routine {
    readonly trigger = this.addSlot("trigger", this.open);
    readonly visit = this.addSlot("visit", this.serve);
    readonly finish = this.addSlot("finish", this.close);
    readonly served = this.addEvent<{ n: number }>("served");
    async open(_: object, ctx: Context): Promise<void> {
      await tracer(ctx).work(ctx, 1);
      ctx.expect(this.finish);
      ctx.output("open");
    }
    async serve({ n }: { n: number }, ctx: Context<number>): Promise<void> {
      const { work, stored } = tracer(ctx);
      for (let step = ctx.progress ?? 0; step < VISIT_STEPS - 1; step++) {
        await work(ctx, n % 4 === 0 ? 40 : 1 + n % 5);
        const key = ctx.idempotencyKey;
        await ctx.checkpoint(step + 1);
        stored(key);
      }
      await work(ctx, 1);
      ctx.shared.update<number[]>("served", (served = []) => [...served, n]);
      // Some are looked at after a while, when the job may have been let go.
      ctx.emit(this.served, { n }, n % 3 === 0 ? { delayMs: 100 * (n % 4) } : {});
    }
    async close(_: object, ctx: Context): Promise<void> {
      await tracer(ctx).work(ctx, 1);
      ctx.output("closed");
    }
  }
  /** Keeps a list of what was served. */
  class Archive extends Routine {
    readonly input = this.addSlot("input", this.keep);
    async keep({ n }: { n: number }, ctx: Context): Promise<void> {
      await tracer(ctx).work(ctx, 1);
      ctx.shared.update<number[]>("kept", (kept = []) => [...kept, n]);
    }
  }
  return new Registry({ Desk, Archive });
}

/** Makes the flow. */
export function tracedFlow(registry: Registry, engine?: Engine): Flow {
  const flow = new Flow({ id: "office", registry, ...(engine && { engine }) });
  for (const [id, type] of [["desk", "Desk"], ["archive", "Archive"]] as const) {
    flow.addRoutine(new (registry.classOf(type) as new () => Routine)(), id);
  }
  flow.connect("desk", "served", "archive", "input");
  return flow;
}
