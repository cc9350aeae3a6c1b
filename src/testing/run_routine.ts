import { checkOptions } from "../base/options.ts";
import type { Registry } from "../values/registry.ts";
import { Engine } from "../engine.ts";
import { Flow } from "../flow.ts";
import type { Routine } from "../model/routine.ts";
import type { Services } from "../model/context.ts";
import type { Slot } from "../model/slot.ts";
import type { JobState } from "../documents/job_state.ts";
import { manualIds } from "./manual_ids.ts";
import { type ManualTimers, manualTimers } from "./manual_timers.ts";

/** Options of `runRoutine`. */
export interface RunRoutineOptions {
  /**
   * A clock for the test to move, to look at the routine between retries or to let it time out. Without one, waiting
   * takes no time.
   */
  readonly timers?: ManualTimers;
  /** The routine's `ctx.services`. */
  readonly services?: Services;
  /** The registry of classes, for data that holds instances. */
  readonly registry?: Registry;
}

/** The result of `runRoutine`. */
export interface RoutineRun {
  /** The job, with its status, error, state, outputs and history. */
  readonly job: JobState;
  /** The emitted events, in order. */
  readonly emitted: readonly { readonly event: string; readonly data: unknown }[];
}

/**
 * Runs one routine alone: delivers data to one of its slots, and collects what it emits. Retries and delays take no
 * time. Like any execution, this freezes the routine; make a new one for each call.
 *
 * @throws {TypeError} for an option of an unknown name
 *
 * @example
 * ```ts
 * import { type Context, Routine } from "@routilux/routilux";
 * import { runRoutine } from "@routilux/routilux/testing";
 *
 * class Doubler extends Routine {
 *   readonly input = this.addSlot("input", this.double);
 *   readonly output = this.addEvent<{ value: number }>("output");
 *   double({ value }: { value: number }, ctx: Context): void {
 *     ctx.emit(this.output, { value: value * 2 });
 *   }
 * }
 * const doubler = new Doubler();
 * const { emitted } = await runRoutine(doubler, doubler.input, { value: 21 });
 * emitted; // [{ event: "output", data: { value: 42 } }]
 * ```
 */
export async function runRoutine<T>(
  routine: Routine<object>,
  slot: Slot<T>,
  data: NoInfer<T>,
  options: RunRoutineOptions = {},
): Promise<RoutineRun> {
  checkOptions("Cannot run the routine", options, { timers: true, services: true, registry: true });
  const { services, registry, timers = manualTimers() } = options;
  const engine = new Engine({ timers, ids: manualIds(), ...(services === undefined ? {} : { services }) });
  const limits = { history: Number.MAX_SAFE_INTEGER };
  const flow = new Flow({ id: "run_routine", engine, limits, ...(registry === undefined ? {} : { registry }) });
  flow.addRoutine(routine, "routine");
  const job = flow.create(flow.slot("routine", slot.name), data as never);
  flow.resume(job);
  let { nextDueAt } = await flow.settle(job);
  while (options.timers === undefined && nextDueAt !== undefined) {
    await timers.advance(nextDueAt - timers.now());
    ({ nextDueAt } = await flow.settle(job));
  }
  const emitted = job.history().filter(({ type }) => type === "emit")
    .map(({ event = "", data: payload }) => ({ event, data: payload }));
  return { job, emitted };
}
