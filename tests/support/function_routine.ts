import {
  type Context,
  type EmitOptions,
  type Event,
  type Flow,
  type HandlerReturn,
  Routine,
  type Slot,
} from "../../mod.ts";

/** A routine made of one function, with the slot `trigger` and the event `output`; for flows that are not serialized. */
export class FunctionRoutine<D = unknown> extends Routine {
  readonly trigger: Slot<D>;
  readonly output: Event<unknown> = this.addEvent("output");

  constructor(run: (data: D, ctx: Context) => HandlerReturn<unknown>, options: { readonly timeoutMs?: number } = {}) {
    super();
    this.trigger = this.addSlot("trigger", run, options);
  }
}

/** Adds a routine made of one function to a flow. */
export function addFunction<D>(
  flow: Flow,
  id: string,
  run: (data: D, ctx: Context) => HandlerReturn<unknown>,
  options: { readonly timeoutMs?: number } = {},
): FunctionRoutine<D> {
  return flow.addRoutine(new FunctionRoutine(run, options), id);
}

/** Adds a routine that emits all items, in order. */
export function addSource(
  flow: Flow,
  id: string,
  items: readonly unknown[],
  options: EmitOptions = {},
): FunctionRoutine {
  return addFunction(flow, id, (_params: unknown, ctx) => {
    for (const item of items) ctx.emit("output", item, options);
  });
}

/** Connects the event `output` of one routine to the slot `trigger` of others. */
export function link(flow: Flow, from: string, ...to: readonly string[]): void {
  for (const id of to) flow.connect(from, "output", id, "trigger");
}
