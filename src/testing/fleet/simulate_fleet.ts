import { RoutiluxError } from "../../base/errors.ts";
import { checkDuration, checkInteger, checkOptions, checkRange, checkWord } from "../../base/options.ts";
import { checkQueues } from "../../queue_options.ts";
import type { Flow } from "../../flow.ts";
import { memoryStore } from "../../stores/memory_store.ts";
import type {
  FleetCommand,
  FleetFaults,
  FleetJob,
  FleetOptions,
  FleetSettings,
  ProcessFault,
} from "./fleet_options.ts";
import { runFleet } from "./fleet_run.ts";
import { namesOfVersions } from "./next_names.ts";
import { type FleetCut, shrinkFleet } from "./fleet_shrink.ts";
import type { FleetInvariant, FleetViolation } from "./fleet_violation.ts";

/** What a fleet has done that has kept its promises. */
export interface FleetResult {
  /** The seed, which repeats the run. */
  readonly seed: number;
  /** How many jobs there were at the end. */
  readonly jobs: number;
  /** How many of them were compared with a run that nobody disturbed: those that were not cancelled, redriven or poisoned, and have no deadline. */
  readonly compared: number;
  /** How often a job was moved to a higher version of its flow. */
  readonly adopted: number;
}

const PROCESS_FAULTS: readonly ProcessFault[] = [
  "death",
  "rebirth",
  "twin",
  "shutdown",
  "block",
  "sleep",
  "clock",
  "recover",
];
const COMMANDS: readonly FleetCommand[] = ["pause", "resume", "cancel", "redrive", "discard", "delete"];

/** The number of last lines of a trace that an error shows. */
const SHOWN = 40;

/**
 * A fleet has broken a promise: `seed` repeats the run.
 *
 * @see `docs/errors/FLEET.md`: what it means, when it comes, and what to do
 *
 * @example
 * ```ts
 * import { FleetError } from "@routilux/routilux/testing";
 *
 * // The seed to try again, if a fleet has broken a promise.
 * const seedOf = (error: unknown): number | undefined => error instanceof FleetError ? error.seed : undefined;
 * seedOf(new Error("another")); // undefined
 * ```
 */
export class FleetError extends RoutiluxError {
  /** The name of the class, safe under minifiers. */
  override readonly name = "FleetError";
  /** The kind of error. */
  readonly code = "FLEET" as const;
  /** The promise. */
  readonly invariant: FleetInvariant;
  /** The seed, which repeats the run with the same options and those of `options`. */
  readonly seed: number;
  /** The options that made the run smaller: to be given together with those that found it. */
  readonly options: FleetCut;
  /** All that has happened, one line per event. */
  readonly trace: readonly string[];

  /** Makes the error. */
  constructor({ invariant, message }: FleetViolation, seed: number, options: FleetCut, trace: readonly string[]) {
    const smaller = Object.keys(options).length === 0 ? "" : ` and the options ${JSON.stringify(options)}`;
    super(
      `Fleet failed with seed ${seed}${smaller}: ${invariant}: ${message}\nThe last events were:\n` +
        trace.slice(-SHOWN).join("\n"),
    );
    this.invariant = invariant;
    this.seed = seed;
    this.options = options;
    this.trace = trace;
  }
}

/**
 * Runs several engines on one store, in simulated time, and disturbs them. One seed makes all random choices: in which order the
 * store carries calls out and answers them, which calls fail, are never answered or are carried out much later; when processes die,
 * come back, are blocked, sleep, shut down or have their clocks set; when jobs are started, and what is asked of them, by which
 * process; whether the engines work in `relaxed` mode, write snapshots often, have small inboxes, give up early, or lack the classes
 * that the flows need. In the end all faults stop, and every job goes to its end.
 *
 * After every step the simulation checks what the library promises, by the content of the store and by what was accepted:
 *
 * - `stranded`: each job is held, or due when something can be done for it, or has nothing left to do;
 * - `lost or doubled`: what was accepted has its effect once, what was refused has none, no step is carried out that is never
 *   committed, or again when it is stored, and the store gives each job as it was written; a handler gets the data that is stored; each child
 *   is started once, its parent is told of its end once, when that is stored, and the children of a parent that has ended are cancelled, but
 *   not those that are detached; a failure is delivered by each of its connections, as its mapping says; with `versions`, a job that is moved
 *   to another version is otherwise as it was, with the names that `onChange` says, it is not moved back, and its handlers run in the version that is stored with it;
 * - `two at a time`: no two engines run one job at the same time while their leases last, and only one commits;
 * - `too late`: what was in the inbox of a job in time counts before a deadline, an end, and the first step after a claim; and
 *   neither a task that waits for its time runs, nor a job ends by its deadline, before that has come;
 * - `too many`: workers have no more jobs of a queue than its limits allow, and take no more;
 * - `unbounded`: an inbox has no more commands than it has room for, a journal is not much longer than its snapshot, and an engine keeps
 *   only jobs that it has, and permits that it needs;
 * - `other result`: each job that was not cancelled, redriven or poisoned, and has no deadline, ends as in one process that nobody disturbs.
 *
 * Use it for your flows and their services, or for a store of your own: `openStore` opens an empty one for each run, which is closed at
 * its end. The same seed gives the same run in every runtime, also on a store that answers later, if the store goes by the time that it
 * is given and tells what happens to jobs before it answers. Handlers must not wait for anything that the simulation does
 * not control: real timers, files, the network.
 *
 * @throws {FleetError} for a promise that was broken, with the seed and the last events; of a run made smaller, where there is one
 * @throws {TypeError} without jobs, and for a word that is none
 * @throws {RangeError} for a number out of range
 *
 * @example
 * ```ts
 * import { type Context, Flow, Registry, Routine } from "@routilux/routilux";
 * import { memoryStore } from "@routilux/routilux/stores/memory";
 * import { simulateFleet } from "@routilux/routilux/testing";
 *
 * class Order extends Routine {
 *   readonly trigger = this.addSlot("trigger", this.ask);
 *   readonly answer = this.addSlot("answer", this.decide);
 *   ask(_: object, ctx: Context): void {
 *     ctx.expect(this.answer, { timeoutMs: 60_000 });
 *   }
 *   decide({ approved }: { approved: boolean }, ctx: Context): void {
 *     ctx.output("decided", { approved });
 *   }
 * }
 * const registry = new Registry({ Order });
 * const flow = new Flow({ id: "orders", registry });
 * flow.addRoutine(new Order(), "order");
 * const job = {
 *   flow,
 *   entry: { routine: "order", slot: "trigger" },
 *   deliveries: [{ routine: "order", slot: "answer", data: { approved: true } }],
 * };
 * for (let seed = 1; seed <= 20; seed++) {
 *   await simulateFleet({ jobs: [job], registry, seed, engines: 3, openStore: () => memoryStore() }); // or a store of yours
 * }
 * ```
 */
export async function simulateFleet(options: FleetOptions): Promise<FleetResult> {
  return await judgeFleet(completeFleet(options));
}

/**
 * Runs a fleet, and a smaller one when that breaks a promise.
 *
 * @throws {FleetError} then
 */
export async function judgeFleet(settings: FleetSettings): Promise<FleetResult> {
  const { seed } = settings;
  const failed = await runFleet(settings, false);
  if (failed.violation === undefined) {
    const { jobs, compared, adopted } = failed;
    return { seed, jobs, compared, adopted };
  }
  const { run: { violation = failed.violation, trace }, cut } = await shrinkFleet(settings, failed);
  throw new FleetError(violation, seed, cut, trace.lines);
}

/** Checks and completes the options of `simulateFleet`. */
export function completeFleet(options: FleetOptions): FleetSettings {
  const action = "Cannot simulate a fleet";
  const { jobs, registry, seed, engines = 2, steps = 200, handlerMs = 400, comparison = "outcome", services } = options;
  const { commands = COMMANDS, openStore = memoryStore, faults = {}, queues = [], versions = [], onChange } = options;
  if (jobs.length === 0) throw new TypeError(`${action}: there must be at least one job`);
  const settings: FleetSettings = {
    jobs,
    registry,
    services,
    openStore,
    seed: checkInteger(action, "seed", seed, Number.MIN_SAFE_INTEGER),
    engines: checkInteger(action, "engines", engines),
    steps: checkInteger(action, "steps", steps, 0),
    handlerMs: checkDuration(action, "handlerMs", handlerMs),
    commands: commands.map((it) => checkWord(action, "commands", it, COMMANDS)),
    comparison: checkWord(action, "comparison", comparison, ["exact", "untimed", "outcome", "none"]),
    faults: completeFaults(action, faults),
    queues: checkQueues(action, queues) && queues,
    versions: versions.map((flow) => checkVersion(action, flow, jobs)),
    onChange,
  };
  checkOptions<FleetOptions>(action, options, settings);
  namesOfVersions(action, settings);
  return settings;
}

/** Checks that a flow is a higher version of one of the jobs' flows. */
function checkVersion(action: string, flow: Flow, jobs: readonly FleetJob[]): Flow {
  const former = jobs.find((it) => it.flow.id === flow.id)?.flow;
  if (former !== undefined && former.version < flow.version) return flow;
  const why = former === undefined
    ? "no job is of a flow of this id"
    : `its version, ${flow.version}, is no higher than that of its jobs`;
  throw new TypeError(`${action}: versions has flow "${flow.id}", and ${why}`);
}

function completeFaults(action: string, faults: FleetFaults): Required<FleetFaults> {
  const { calls = 0.04, processes = 8, kinds = PROCESS_FAULTS } = faults;
  const complete = {
    calls: checkRange(action, "faults.calls", calls, 0, 1),
    processes: checkInteger(action, "faults.processes", processes, 0),
    kinds: kinds.map((it) => checkWord(action, "faults.kinds", it, PROCESS_FAULTS)),
  };
  checkOptions(action, faults, complete, "faults.");
  return complete;
}
