import { checkDuration, checkInteger, checkOptions, type OptionNames } from "../base/options.ts";
import { describeValue } from "../base/path.ts";
import type { EntryParams, EntryPoint } from "../model/entry_point.ts";
import { Flow } from "../flow.ts";
import { Routine } from "../model/routine.ts";
import type { Services } from "../model/context.ts";
import { Slot } from "../model/slot.ts";
import type { JobState } from "../documents/job_state.ts";
import { completeFaults, type Faults } from "./faults.ts";
import { seededRandom } from "./seeded_random.ts";
import type { IdleJob, SimulatedHost } from "./simulated_process.ts";
import { runSimulation, type Setup, type Simulation } from "./simulation.ts";

/** The options that all simulations have in common. */
export interface SimulatedJobOptions<E extends EntryPoint = EntryPoint> {
  /** The slot where the job begins; for a routine or its id, its slot `trigger`. */
  readonly entry: E;
  /** The data for the entry. @default {{}} */
  readonly params?: EntryParams<NoInfer<E>>;
  /**
   * Makes the handlers' `ctx.services`, anew for each process. Services must be fakes that wait by the given clock,
   * never by a real one.
   */
  readonly services?: (host: SimulatedHost) => Services;
  /** Called when the job waits, before time passes: deliver here what people and other systems would. */
  readonly onIdle?: (idle: IdleJob) => void;
  /** The maximum number of steps of a simulation. @default {10000} */
  readonly maxSteps?: number;
}

/** Options of `simulate`. */
export interface SimulateOptions<E extends EntryPoint = EntryPoint> extends SimulatedJobOptions<E> {
  /** The seed of all random choices: the same seed gives the same run, step for step, in every runtime. */
  readonly seed: number;
  /** The faults, and their probabilities. @default {no faults} */
  readonly faults?: Faults;
  /**
   * The maximum time that a call which returns a promise takes longer than by itself, in milliseconds; for an
   * asynchronous generator, each resumption. @default {100}
   */
  readonly handlerMs?: number;
  /** Called at each start of a process and after each commit; an error thrown here ends the simulation. */
  readonly always?: (job: JobState) => void;
  /** Called with the job at its end; an error thrown here ends the simulation. */
  readonly atEnd?: (job: JobState) => void;
}

/** The names of the options that all simulations have in common. */
export const JOB_OPTIONS: OptionNames<SimulatedJobOptions> = {
  entry: true,
  params: true,
  services: true,
  onIdle: true,
  maxSteps: true,
};

const SIMULATE_OPTIONS: OptionNames<SimulateOptions> = {
  ...JOB_OPTIONS,
  seed: true,
  faults: true,
  handlerMs: true,
  always: true,
  atEnd: true,
};

/**
 * Runs a job of a flow to its end in simulated time, in processes that may die. One seed makes all random choices:
 * which of several ready tasks a concurrent job takes first, how long asynchronous handlers take, when a fault occurs.
 * A process that dies leaves the job's text; the next process starts from it, with a flow and routines of its own.
 *
 * The simulation checks that no task is lost, that no task commits a step twice, and that each text that is handed on
 * is reproduced byte by byte when it is read and written. A job that fails, by its own errors or by faults, ends the
 * simulation like any other: check the result in `atEnd`, so that the error message contains the seed.
 *
 * Handlers must not wait for anything that the simulation does not control: real timers, files, the network. When a
 * process dies, a handler that is on the stack runs on to its next `await`, because nothing can stop it; its effects do
 * not enter the job.
 *
 * @throws {SimulationError} for a task that is lost or doubled, a text that changes, a job that does not end, and
 * errors thrown by `always`, `atEnd` or `onIdle`; the message has the seed and the last steps
 * @throws {TypeError} for an entry that is not in the flow
 * @throws {RangeError} for a number out of range
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
 */
export async function simulate<E extends EntryPoint>(flow: Flow, options: SimulateOptions<E>): Promise<Simulation> {
  checkOptions<SimulateOptions<E>>("Cannot simulate", options, SIMULATE_OPTIONS);
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

/** Makes the part of the setup that all simulations of a job have in common. */
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

function placeOf(what: string, flow: Flow, entry: EntryPoint): { readonly id: string; readonly name: string } {
  if (entry instanceof Slot) {
    if (entry.owner instanceof Routine) return { id: flow.routineId(entry.owner), name: entry.name };
    throw new TypeError(`Cannot ${what}: slot "${entry.name}" belongs to no routine`);
  }
  const id = entry instanceof Routine ? flow.routineId(entry) : String(entry);
  return { id, name: flow.slot(id, "trigger").name };
}
