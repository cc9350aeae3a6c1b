import { encodeJob, type JobDocument } from "../../documents/job.ts";
import { ignoreRejection } from "../../base/thenable.ts";
import { Engine } from "../../engine.ts";
import { hostOf } from "../../engine/execution/engine_host.ts";
import { Flow } from "../../flow.ts";
import { hasEnded } from "../../job/job.ts";
import { jobOf, type JobState } from "../../documents/job_state.ts";
import { firstDifference, type JobComparison, viewOf } from "../compare_jobs.ts";
import { manualIds } from "../manual_ids.ts";
import { seededRandom } from "../seeded_random.ts";
import { FleetClock, ProcessClock } from "./fleet_clock.ts";
import { FleetHandlers } from "./fleet_handlers.ts";
import type { FleetJob, FleetSettings } from "./fleet_options.ts";
import { FleetViolation } from "./fleet_violation.ts";
import type { JobLedger } from "./job_ledger.ts";
import { endedTasks, type OutsideEvent } from "./read_entry.ts";

/** How many timers a run without disturbances may need. */
const MOST_TURNS = 10_000;

/**
 * Compares a job with one that gets the same from outside, in the same order, in one process that nobody disturbs.
 *
 * @throws {FleetViolation} when they differ
 */
export async function compareWithUndisturbed(
  life: JobLedger,
  job: FleetJob,
  settings: FleetSettings,
  comparison: JobComparison,
): Promise<void> {
  const expected = await runUndisturbed(life, job, settings);
  const actual = encodeJob(life.job);
  // Whether it was moved, or has begun in its version, makes no other difference.
  const document: JobDocument = {
    ...JSON.parse(life.documentOf(jobOf(expected))),
    formerNames: actual.formerNames,
  };
  const difference = firstDifference(viewOf(actual, comparison), viewOf(document, comparison));
  if (difference === undefined) return;
  throw new FleetViolation("other result", `job ${life.jobId} differs from a run without disturbances: ${difference}`);
}

async function runUndisturbed(
  life: JobLedger,
  { flow: { id }, entry, params = {}, flow: given }: FleetJob,
  settings: FleetSettings,
): Promise<JobState> {
  const { registry, services } = settings;
  const fleet = new FleetClock();
  const clock = new ProcessClock(fleet, 0);
  const random = seededRandom(0);
  const engine = new Engine({
    timers: clock,
    ids: manualIds(id),
    ...(services === undefined ? {} : { services: services({ timers: clock, random }) }),
  });
  hostOf(engine, "Cannot simulate").director = new FleetHandlers({
    clock,
    random,
    handlerMs: 0,
    starts: () => () => {},
  });
  const flow = Flow.fromJSON(JSON.parse(JSON.stringify(given)), registry, { engine });
  const job = flow.execute(flow.slot(entry.routine, entry.slot), params as never, { jobId: life.jobId });
  const script = new OutsideScript(life.outside, flow, job);
  // After each commit: a job that has nothing else to do would end before the next delivery.
  ignoreRejection(flow.waitForCompletion(job, { onProgress: () => script.goOn() }));
  for (let turn = 0; turn < MOST_TURNS && !hasEnded(job.status); turn++) {
    await fleet.flush();
    const at = clock.nextAt();
    if (at === Infinity) break;
    fleet.now = Math.max(fleet.now, at);
    clock.fireNext();
    await fleet.flush();
  }
  clock.end();
  return job;
}

/** What comes from outside, each at its turn: a delivery that was awaited comes when it is, and another one at once. */
class OutsideScript {
  readonly #events: OutsideEvent[];
  readonly #flow: Flow;
  readonly #job: JobState;
  /** Whether the deadline that passes next has been seen. */
  #isExpected = false;

  constructor(events: readonly OutsideEvent[], flow: Flow, job: JobState) {
    this.#events = [...events];
    this.#flow = flow;
    this.#job = job;
  }

  /** Whether the next event has its turn. */
  get #hasNext(): boolean {
    const [next] = this.#events;
    if (next === undefined) return false;
    const isAwaited = this.#job.pendingTasks.some(({ routine, slot, awaiting }) =>
      awaiting !== undefined && routine === next.routine && slot === next.slot
    );
    if (next.type === "deliver") {
      return next.fills === isAwaited && (next.fills || endedTasks(jobOf(this.#job)) >= next.ended);
    }
    this.#isExpected ||= isAwaited;
    return this.#isExpected && !isAwaited;
  }

  /** Lets the events happen that have their turn. */
  goOn(): void {
    while (this.#hasNext && !hasEnded(this.#job.status)) {
      const next = this.#events.shift();
      this.#isExpected = false;
      if (next?.type === "deliver") this.#flow.deliver(this.#job, next.routine, next.slot, next.data);
    }
  }
}
