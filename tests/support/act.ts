import { type Context, type Done, type EmitOptions, type Event, type Flow, Routine, type Slot } from "../../mod.ts";

/** A routine made of one function, for jobs that stay where they are: slot `trigger`, event `output`. */
export class Act<D = unknown> extends Routine {
  readonly trigger: Slot<D>;
  readonly output: Event<unknown> = this.addEvent("output");

  constructor(run: (data: D, ctx: Context) => Done<unknown>, options: { readonly timeoutMs?: number } = {}) {
    super();
    this.trigger = this.addSlot("trigger", run, options);
  }
}

/** Adds an act to a flow. */
export function addAct<D>(
  flow: Flow,
  id: string,
  run: (data: D, ctx: Context) => Done<unknown>,
  options: { readonly timeoutMs?: number } = {},
): Act<D> {
  return flow.addRoutine(new Act(run, options), id);
}

/** Adds an act that emits all items, in order. */
export function addSource(flow: Flow, id: string, items: readonly unknown[], options: EmitOptions = {}): Act {
  return addAct(flow, id, (_params: unknown, ctx) => {
    for (const item of items) ctx.emit("output", item, options);
  });
}

/** Connects the output of one act to the triggers of others. */
export function link(flow: Flow, from: string, ...to: readonly string[]): void {
  for (const id of to) flow.connect(from, "output", id, "trigger");
}
