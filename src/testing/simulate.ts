import { checkDuration, checkInteger } from "../base/options.ts";
import { describeValue } from "../base/path.ts";
import { type Entry, Flow } from "../flow.ts";
import { Routine } from "../model/routine.ts";
import type { Services } from "../model/services.ts";
import { Slot } from "../model/slot.ts";
import type { JobState } from "../documents/job_state.ts";
import { completeFaults, type Faults } from "./faults.ts";
import { seededRandom } from "./seeded_random.ts";
import type { IdleJob, SimulatedHost } from "./simulated_process.ts";
import { runSimulation, type Setup, type Simulation } from "./simulation.ts";

/** What the entry of a job is given: what its slot accepts. */
export type EntryParams<E> = E extends Slot<infer T> ? T : unknown;

/** What a job is simulated with. */
export interface SimulatedJobOptions<E extends Entry = Entry> {
  /** Where the job begins: a slot, or the `trigger` of a routine, which may be named by its id. */
  readonly entry: E;
  /** What the entry gets. @default {{}} */
  readonly params?: EntryParams<NoInfer<E>>;
  /** Makes what handlers get as `ctx.services`, for each process anew: fakes that wait by its clock, never by a real one. */
  readonly services?: (host: SimulatedHost) => Services;
  /** Called when nothing more happens by itself, before time passes: the place to deliver what people and systems would. */
  readonly onIdle?: (idle: IdleJob) => void;
  /** The longest simulation, in steps. @default {10000} */
  readonly maxSteps?: number;
}

/** How a job is simulated. */
export interface SimulateOptions<E extends Entry = Entry> extends SimulatedJobOptions<E> {
  /** Decides everything that is left to chance: the same seed gives the same run, step for step, in every runtime. */
  readonly seed: number;
  /** What goes wrong, and how often. @default {nothing} */
  readonly faults?: Faults;
  /**
   * How much longer than by itself a handler takes that returns a promise, at the most, in milliseconds. A generator
   * takes as much for each of its stretches. @default {100}
   */
  readonly handlerMs?: number;
  /** Called at each start and after each commit; what it throws ends the simulation. */
  readonly always?: (job: JobState) => void;
  /** Called with the job at its end; what it throws ends the simulation. */
  readonly atEnd?: (job: JobState) => void;
}

/**
 * Runs a job of a flow to its end under a clock that moves by itself, in processes that may die. Everything that is left
 * to chance comes from one seed: which of several ready tasks a concurrent job takes first, how long handlers take that
 * wait, when a fault strikes. A process that dies leaves a text; the next is made from it, with a flow and routines of its own.
 *
 * Along the way it is checked that no task is lost, that none commits a step twice, and that each text that is handed on
 * is read and written again to the byte. A job that fails, by its own errors or by faults, is an end like any other: judge
 * it by `atEnd`, so that a failure tells the seed.
 *
 * Handlers must not wait for what the simulation does not move: real timers, files, the network. What a dead process has
 * on its stack runs on to its next wait, as nothing can stop it; nothing of it enters the job.
 *
 * @example
 * ```ts
 * import { type Context, ErrorHandler, Flow, Registry, Routine } from "@routilux/routilux";
 * import { simulate } from "@routilux/routilux/testing";
 *
 * class Sum extends Routine {
 *   readonly trigger = this.addSlot("trigger", this.add);
 *   async *add({ upTo }: { upTo: number }, ctx: Context<number>): AsyncGenerator<number, void, void> {
 *     for (let n = ctx.progress ?? 1; n <= upTo; n++) {
 *       ctx.shared.update<number>("sum", (sum = 0) => sum + n);
 *       yield n + 1;
 *     }
 *   }
 * }
 * const errorHandler = new ErrorHandler({ strategy: "retry", maxRetries: 100 });
 * const flow = new Flow({ id: "sum", registry: new Registry({ Sum }), errorHandler });
 * const sum = flow.addRoutine(new Sum(), "sum");
 * for (let seed = 1; seed <= 20; seed++) {
 *   await simulate(flow, {
 *     entry: sum.trigger,
 *     params: { upTo: 4 },
 *     seed,
 *     faults: { throw: 0.1, abort: 0.1, death: 0.1 },
 *     atEnd: ({ sharedData }) => {
 *       if (sharedData["sum"] !== 10) throw new Error(`the sum is ${sharedData["sum"]}`);
 *     },
 *   });
 * }
 * ```
 *
 * @throws {SimulationError} for a task that is lost or doubled, a text that changes, a job that does not end, and what
 * `always`, `atEnd` or `onIdle` throws; its message has the seed and the last steps
 * @throws {TypeError} for an entry that is not in the flow
 * @throws {RangeError} for a number out of range
 */
export async function simulate<E extends Entry>(flow: Flow, options: SimulateOptions<E>): Promise<Simulation> {
  const { seed, faults = {}, handlerMs = 100, always, atEnd } = options;
  checkInteger("Cannot simulate", "seed", seed, Number.MIN_SAFE_INTEGER);
  const { hasTakenTime: _, ...simulation } = await runSimulation({
    ...setUp("simulate", flow, options),
    seed,
    random: seededRandom(seed),
    faults: completeFaults(faults),
    handlerMs: checkDuration("Cannot simulate", "handlerMs", handlerMs),
    always,
    atEnd,
    stopAt: () => undefined,
  });
  return simulation;
}

/** What all simulations of a job have in common. */
export function setUp(
  what: string,
  flow: Flow,
  { entry, params, services, onIdle, maxSteps = 10_000 }: SimulatedJobOptions,
): Pick<Setup, "registry" | "flowText" | "create" | "services" | "onIdle" | "maxSteps"> {
  if (!(flow instanceof Flow)) throw new TypeError(`Cannot ${what}: expected a Flow, got ${describeValue(flow)}`);
  const { id, name } = placeOf(what, flow, entry);
  return {
    registry: flow.registry,
    flowText: JSON.stringify(flow),
    create: (made) => made.create(made.slot(id, name), (params ?? {}) as never, { jobId: "simulation" }),
    services,
    onIdle,
    maxSteps: checkInteger(`Cannot ${what}`, "maxSteps", maxSteps),
  };
}

function placeOf(what: string, flow: Flow, entry: Entry): { readonly id: string; readonly name: string } {
  if (entry instanceof Slot) {
    if (entry.owner instanceof Routine) return { id: flow.routineId(entry.owner), name: entry.name };
    throw new TypeError(`Cannot ${what}: slot "${entry.name}" belongs to no routine`);
  }
  const id = entry instanceof Routine ? flow.routineId(entry) : String(entry);
  return { id, name: flow.slot(id, "trigger").name };
}
