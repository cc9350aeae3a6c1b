import { type Context, Flow, Registry, Routine } from "@routilux/routilux";
import type { Counted } from "../harness/payload.ts";
import { runProgram } from "../harness/program.ts";
import { type Goods, STAGES, timeChain, variantsOf } from "./chain.ts";

/** The number of items between two commits of the source, as when it reads pages from a file or a database. */
const PAGE = 100;

/** Adds up the items. */
class Sum extends Routine {
  readonly input = this.addSlot("input", this.add);
  add({ v }: Counted, ctx: Context): void {
    ctx.state.update<number>("sum", (sum = 0) => sum + v);
  }
}

/** The routines for one kind of item. */
function routinesFor<T extends Counted>({ make, next }: Goods<T>) {
  /** Emits page after page, and stores its progress after each; continues when few other tasks are ready. */
  class Pages extends Routine {
    readonly trigger = this.addSlot("trigger", this.send);
    readonly output = this.addEvent<T>("output");
    *send({ count }: { count: number }, ctx: Context<number>): Generator<number, void, void> {
      for (let start = ctx.progress ?? 0; start < count; start += PAGE) {
        const end = Math.min(start + PAGE, count);
        for (let v = start; v < end; v++) ctx.emit(this.output, make(v));
        yield end;
      }
    }
  }
  /** Emits all items at once, as the sources of the peers do. */
  class AtOnce extends Routine {
    readonly trigger = this.addSlot("trigger", this.send);
    readonly output = this.addEvent<T>("output");
    send({ count }: { count: number }, ctx: Context): void {
      for (let v = 0; v < count; v++) ctx.emit(this.output, make(v));
    }
  }
  class Stage extends Routine {
    readonly input = this.addSlot("input", this.add);
    readonly output = this.addEvent<T>("output");
    add(item: T, ctx: Context): void {
      ctx.emit(this.output, next(item));
    }
  }
  class AsyncStage extends Routine {
    readonly input = this.addSlot("input", this.add);
    readonly output = this.addEvent<T>("output");
    async add(item: T, ctx: Context): Promise<void> {
      ctx.emit(this.output, next(item));
    }
  }
  return { Pages, AtOnce, Stage, AsyncStage, Sum };
}

await runProgram(variantsOf((goods) => {
  const classes = routinesFor(goods);
  const { Pages, AtOnce, Stage, AsyncStage } = classes;
  const variant = (Source: typeof Pages | typeof AtOnce, Step: typeof Stage | typeof AsyncStage) => {
    const flow = new Flow({ id: "chain", registry: new Registry(classes) });
    let output = flow.addRoutine(new Source(), "source").output;
    for (let i = 0; i < STAGES; i++) {
      const stage = flow.addRoutine(new Step(), `stage_${i}`);
      flow.connect(output, stage.input);
      output = stage.output;
    }
    flow.connect(output, flow.addRoutine(new Sum(), "sum").input);
    return (count: number) =>
      timeChain(count, async () => {
        const { routineStates } = await flow.run("source", { count });
        return Number(routineStates["sum"]?.state["sum"]);
      });
  };
  return {
    "sync": variant(Pages, Stage),
    "async": variant(Pages, AsyncStage),
    "sync at once": variant(AtOnce, Stage),
    "async at once": variant(AtOnce, AsyncStage),
  };
}));
