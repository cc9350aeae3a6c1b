import { type ChildEnd, type Context, type Event, type Flow, Routine, type Slot } from "../../mod.ts";
import { RenamedRoutine } from "./renamed_routine.ts";

/** What the flows below get. */
interface Work {
  /** The names of the flows of the children. */
  readonly children: readonly string[];
}

/** The flows that children may have: set before anybody works. */
export const childFlows: Map<string, Flow> = new Map();

/** Starts children, and goes on when it was told of the ends of all. What a child has done that is no use is made good, once. */
export class Leads extends RenamedRoutine {
  readonly trigger: Slot<Work> = this.addSlot("trigger", this.lead);
  readonly ended: Slot<ChildEnd> = this.addSlot(this.wordFor("ended"), this.note);
  readonly done: Event<object> = this.addEvent<object>(this.wordFor("done"));
  async lead({ children }: Work, ctx: Context): Promise<void> {
    await Promise.resolve();
    ctx.state.set("awaited", children.length);
    for (const name of children) {
      const flow = childFlows.get(name);
      if (flow === undefined) throw new TypeError(`There is no flow ${name}`);
      const [entry = ""] = [...flow.routines.keys()];
      ctx.child(flow, entry, { children: ["family-works"] }, { to: this.ended, key: name });
    }
  }
  async note(end: ChildEnd, ctx: Context): Promise<void> {
    await Promise.resolve();
    const name = end.jobId.slice(end.jobId.lastIndexOf("/") + 1);
    ctx.shared.update<readonly string[]>("ends", (all = []) => [...all, `${name} ${end.status}`].sort());
    if (end.status !== "completed") ctx.output("made good", name);
    const left = (ctx.state.get<number>("awaited") ?? 0) - 1;
    ctx.state.set("awaited", left);
    if (left === 0) ctx.emit(this.done, {});
  }
}

/** Starts children, and then waits for a while, in which it may fail. */
export class Rushes extends Leads {
  readonly soon: Event<object> = this.addEvent<object>("soon");
  override async lead(work: Work, ctx: Context): Promise<void> {
    await super.lead(work, ctx);
    ctx.emit(this.soon, {}, { delayMs: 900 });
  }
}

/** Says how it has gone. */
export class Reports extends Routine {
  readonly trigger: Slot<object> = this.addSlot("trigger", this.report);
  report(_: object, ctx: Context): void {
    ctx.result({ of: ctx.jobId, answers: ctx.shared.get("answers") ?? null });
  }
}
