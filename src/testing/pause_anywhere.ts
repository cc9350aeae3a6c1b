import { payloadOf } from "../values/encoder.ts";
import { wireOf } from "../values/payload.ts";
import { checkInteger, checkOptions, checkWord } from "../base/options.ts";
import type { EntryPoint } from "../model/entry_point.ts";
import type { Flow } from "../flow.ts";
import type { JobState } from "../documents/job_state.ts";
import { firstDifference, type JobComparison, viewOf } from "./compare_jobs.ts";
import { NO_FAULTS } from "./faults.ts";
import { type SeededRandom, seededRandom } from "./seeded_random.ts";
import { JOB_OPTIONS, setUp, type SimulatedJobOptions } from "./simulate.ts";
import type { Stop } from "./simulated_process.ts";
import { type Run, runSimulation, type Setup } from "./simulation.ts";
import { SimulationError, type TraceStep } from "./trace.ts";

/** Options of `pauseAnywhere`. */
export interface PauseAnywhereOptions<E extends EntryPoint = EntryPoint> extends SimulatedJobOptions<E> {
  /** The seed of all random choices: where long jobs are stopped, and the order of concurrent tasks. @default {1} */
  readonly seed?: number;
  /** The maximum number of runs, besides the two undisturbed ones. @default {300} */
  readonly runs?: number;
  /**
   * What is compared at the end, or a function that returns the value to compare. @default {"outcome" for concurrent
   * flows, "untimed" if a handler waits for the clock, else "exact"}
   */
  readonly compare?: JobComparison | ((job: JobState) => unknown);
}

/** The result of `pauseAnywhere`. */
export interface PauseAnywhereResult {
  /** The job at the end of the undisturbed run. */
  readonly job: JobState;
  /** The number of places at which that run can be stopped. */
  readonly places: number;
  /** The number of interrupted runs. */
  readonly runs: number;
  /** The kind of comparison. */
  readonly compared: JobComparison | "custom";
}

/** Decides at each place, counted from 1 over all processes, whether and how a run is stopped. */
type Plan = (place: number, type: TraceStep["type"]) => Stop | undefined;

/** A pause that aborts handlers, a pause that waits for them, and the end of the process. */
const STOPS = [
  { how: "pause", graceMs: 0 },
  { how: "pause", graceMs: 1_000 },
  { how: "death", graceMs: 0 },
] as const satisfies readonly Stop[];
const COMPARISONS = ["exact", "untimed", "outcome"] as const;
/** The share of runs that are stopped at several places. */
const SEVERAL = 0.2;
/** The maximum number of stops in the message about a different result. */
const SHOWN = 5;

/**
 * Checks that the jobs of a flow may be stopped anywhere. Runs a job to its end undisturbed. Then runs it again and
 * again, each time stopped by a pause or by the end of its process, and moved as text to another process, with new
 * routines that have only the text. Each run must end with the same result. It is stopped at each place in turn (or at
 * randomly chosen places, if there are more than `runs` allows), at every place, and at several places.
 *
 * This finds state in fields of a routine or outside of it, handlers that start over instead of continuing from
 * `ctx.progress`, and results that depend on when a handler ran. Handlers must be deterministic, and those of
 * concurrent flows must not depend on their order, which is checked too. A flow that uses `ctx.defer`, or reads the
 * clock while handlers take time, needs its own `compare`.
 *
 * @example
 * ```ts
 * import { type Context, Flow, Registry, Routine } from "@routilux/routilux";
 * import { pauseAnywhere } from "@routilux/routilux/testing";
 *
 * class Sum extends Routine {
 *   readonly trigger = this.addSlot("trigger", this.add);
 *   *add({ upTo }: { upTo: number }, ctx: Context<number>): Generator<number, void, void> {
 *     for (let n = ctx.progress ?? 1; n <= upTo; n++) {
 *       ctx.shared.update<number>("sum", (sum = 0) => sum + n);
 *       yield n + 1;
 *     }
 *   }
 * }
 * const flow = new Flow({ id: "sum", registry: new Registry({ Sum }) });
 * const sum = flow.addRoutine(new Sum(), "sum");
 * const { job } = await pauseAnywhere(flow, { entry: sum.trigger, params: { upTo: 4 } });
 * job.sharedData["sum"]; // 10
 * ```
 *
 * @throws {SimulationError} for a run that ended differently: where it was stopped, what differs, the seed and the last
 * steps; and for all that `simulate` finds
 * @throws {TypeError} for an entry that is not in the flow
 * @throws {RangeError} for a number out of range
 */
export async function pauseAnywhere<E extends EntryPoint>(
  flow: Flow,
  options: PauseAnywhereOptions<E>,
): Promise<PauseAnywhereResult> {
  const action = "Cannot pause anywhere";
  checkOptions<PauseAnywhereOptions<E>>(action, options, { ...JOB_OPTIONS, seed: true, runs: true, compare: true });
  const { seed = 1, runs = 300, compare } = options;
  if (typeof compare === "string") checkWord(action, "compare", compare, COMPARISONS);
  checkInteger(action, "seed", seed, Number.MIN_SAFE_INTEGER);
  checkInteger(action, "runs", runs);
  const isConcurrent = flow.maxWorkers > 1;
  const common = { ...setUp("pause anywhere", flow, options), ...UNDISTURBED, handlerMs: isConcurrent ? 100 : 0 };
  const run = (turn: number, plan: Plan) => runSimulation(setUpRun({ ...common, seed }, isConcurrent ? turn : 0, plan));

  let places = 0;
  const undisturbed = await run(0, (place) => void (places = place));
  const compared = compare ?? (isConcurrent ? "outcome" : undisturbed.hasTakenTime ? "untimed" : "exact");
  const view = viewer(flow, compared);
  const check = (stopped: Run) => checkSame(stopped, undisturbed, view);
  check(await run(1, () => undefined));
  const plans = makePlans(places, runs, seededRandom(seed));
  for (const [index, plan] of plans.entries()) check(await run(2 + index, plan));
  return {
    job: undisturbed.job,
    places,
    runs: plans.length,
    compared: typeof compared === "string" ? compared : "custom",
  };
}

const UNDISTURBED = { faults: NO_FAULTS, always: undefined, atEnd: undefined };

/** Runs get different random numbers, all derived from the one seed. */
function setUpRun(common: Omit<Setup, "random" | "stopAt">, turn: number, plan: Plan): Setup {
  let place = 0;
  return { ...common, random: seededRandom(common.seed + turn), stopAt: ({ type }) => plan(++place, type) };
}

/**
 * Makes the plans: each place in turn, or as many as `runs` allows; every commit of one run; and several random places.
 */
function makePlans(places: number, runs: number, random: SeededRandom): Plan[] {
  const several = Math.ceil(runs * SEVERAL);
  const plans: Plan[] = STOPS.map((stop) => (_place, type) => type === "commit" ? stop : undefined);
  for (let i = STOPS.length; i < several; i++) {
    const rate = (1 + random.integer(4)) / (places + 1);
    plans.push(() => random.chance(rate) ? STOPS[random.integer(STOPS.length)] : undefined);
  }
  const singles = Array.from({ length: places * STOPS.length }, (_, index): Plan => {
    const stop = STOPS[index % STOPS.length];
    return (place) => place === Math.floor(index / STOPS.length) + 1 ? stop : undefined;
  });
  while (singles.length > Math.max(0, runs - plans.length)) singles.splice(random.integer(singles.length), 1);
  return [...singles, ...plans].slice(0, runs);
}

/**
 * Returns a function that makes the compared value, as JSON. A function of the user may return anything that jobs can
 * hold, so its result is encoded.
 */
function viewer(
  { registry, limits }: Flow,
  comparison: JobComparison | ((job: JobState) => unknown),
): (job: JobState) => unknown {
  if (typeof comparison === "string") return (job) => viewOf(job.toJSON(), comparison);
  return (job) => {
    const picked = payloadOf(comparison(job), registry, { action: "Cannot compare", root: "job" }, limits);
    return picked === undefined ? undefined : wireOf(picked);
  };
}

function checkSame(run: Run, undisturbed: Run, view: (job: JobState) => unknown): void {
  const difference = firstDifference(view(run.job), view(undisturbed.job));
  if (difference === undefined) return;
  throw new SimulationError(
    `${describeStops(run.trace)} the job ended differently: ${difference}`,
    run.seed,
    run.trace,
  );
}

function describeStops(trace: readonly TraceStep[]): string {
  const stops = trace.flatMap(({ type, text }, index) => {
    const before = trace[index - 1];
    return type === "stop" && before !== undefined
      ? [`by ${text} after step ${before.step} (${before.type}: ${before.text})`]
      : [];
  });
  if (stops.length === 0) return "run again without any stop,";
  const more = stops.length > SHOWN ? ` and ${stops.length - SHOWN} times more` : "";
  return `stopped ${stops.slice(0, SHOWN).join(", ")}${more},`;
}
