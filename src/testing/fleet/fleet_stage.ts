import { isThenable } from "../../base/thenable.ts";
import type { DurabilityOptions } from "../../engine/durable/durability_settings.ts";
import { Flow } from "../../flow.ts";
import type { FlowLimits } from "../../model/flow_limits.ts";
import type { MaybePromise, Store } from "../../ports/store.ts";
import type { SeededRandom } from "../seeded_random.ts";
import { FleetClock } from "./fleet_clock.ts";
import { FleetLedger } from "./fleet_ledger.ts";
import { type FleetFocus, FOCUSES, QUEUED } from "./fleet_focus.ts";
import type { FleetSettings } from "./fleet_options.ts";
import { type NamesOfVersions, namesOfVersions } from "./next_names.ts";
import type { FleetTrace } from "./fleet_trace.ts";
import { StoreCalls } from "./store_calls.ts";

/** How long the lease of an engine lasts, in milliseconds. */
export const LEASE_MS = 3_000;
/** How long an engine waits for an answer of its store, in milliseconds. */
export const ANSWER_TIMEOUT_MS = 4_000;

/** After how many deaths in a row the tasks that came first are poisoned. */
export const MAX_RECOVERIES = 2;

/** What all processes of a fleet share. */
export interface FleetStage {
  readonly settings: FleetSettings;
  readonly random: SeededRandom;
  readonly clock: FleetClock;
  readonly calls: StoreCalls;
  readonly ledger: FleetLedger;
  readonly trace: FleetTrace;
  readonly store: Store;
  /** Whether the store goes by a clock of its own. */
  readonly hasStoreClock: boolean;
  /** Whether the store answers at once: no call is lost then, and none is under way when a process dies. */
  readonly answersAtOnce: boolean;
  /** What the fleet is about; most are about nothing. */
  readonly focus: FleetFocus;
  /** How all engines of the fleet keep their jobs. */
  readonly durability: Pick<DurabilityOptions, "mode" | "snapshotLength" | "inboxLimit" | "attempts">;
  /** How many times something happens before all faults stop. */
  readonly steps: number;
  /** The probability that a call of the store is disturbed. */
  readonly callFaults: number;
  /** Whether all that happens to processes keeps them from working, and happens while they do: nobody makes progress for long. */
  readonly isHarsh: boolean;
  /** The chance that a process cannot build all flows. */
  readonly strangers: number;
  /** Whether the store tells what happens to jobs. */
  readonly isWatched: boolean;
  /** The texts of the flows, by their ids. */
  readonly flows: ReadonlyMap<string, string>;
  /** Those of their higher versions, which some processes have. */
  readonly versions: ReadonlyMap<string, string>;
  /** The names that those flows have in these. */
  readonly names: NamesOfVersions;
  /** Stops the fleet, if an error says that a promise is broken. */
  fail(error: unknown): void;
}

/** Makes what the processes of a fleet share. */
export async function createStage(
  settings: FleetSettings,
  store: Store,
  random: SeededRandom,
  trace: FleetTrace,
  fail: (error: unknown) => void,
): Promise<FleetStage> {
  // What limits of queues promise holds for jobs that workers take.
  const focus = settings.focus ?? (settings.queues.length > 0 ? chooseQueued(random) : chooseFocus(random));
  const durability = focus.durability ?? chooseDurability(random);
  const names = namesOfVersions("Cannot simulate a fleet", settings);
  const limits = new Map(settings.jobs.map(({ flow }) => [flow.id, flow.limits]));
  // Children are jobs of other flows.
  const limitsOf = (flowId: string, text: string): FlowLimits => {
    const known = limits.get(flowId) ?? Flow.fromJSON(JSON.parse(text), settings.registry).limits;
    limits.set(flowId, known);
    return known;
  };
  return {
    settings,
    random,
    focus,
    clock: new FleetClock(),
    calls: new StoreCalls(),
    ledger: new FleetLedger({
      queues: settings.queues,
      names,
      limitsOf,
      maxRecoveries: MAX_RECOVERIES,
      inboxLimit: durability.inboxLimit ?? Infinity,
      isRelaxed: durability.mode === "relaxed",
    }),
    trace,
    store,
    hasStoreClock: focus.hasStoreClock ?? random.chance(0.7),
    answersAtOnce: (focus.answersAtOnce ?? (Object.keys(focus).length === 0 && random.chance(0.1))) &&
      await writesAtOnce(store),
    isWatched: focus.isWatched ?? random.chance(0.7),
    durability,
    steps: settings.steps * (focus.lasts ?? 1),
    callFaults: random.chance(0.25) ? Math.min(0.4, settings.faults.calls * 10) : settings.faults.calls,
    isHarsh: focus.faults?.isHarsh ?? random.chance(0.15),
    // A process that cannot build a job takes it all the same, and that is a start: it may use up the rate of a queue.
    strangers: settings.queues.length > 0 ? 0 : focus.strangers ?? (random.chance(0.15) ? STRANGERS : 0),
    flows: new Map(settings.jobs.map(({ flow }) => [flow.id, JSON.stringify(flow)])),
    versions: new Map(settings.versions.map((flow) => [flow.id, JSON.stringify(flow)])),
    names,
    fail,
  };
}

/** The chance that a process cannot build all flows, where there are such. */
const STRANGERS = 0.4;

/** The share of fleets that are about one situation: the others are about everything. */
const FOCUSED = 0.75;

function chooseFocus(random: SeededRandom): FleetFocus {
  return random.chance(FOCUSED) ? pick(random, Object.values(FOCUSES)) ?? {} : {};
}

function chooseQueued(random: SeededRandom): FleetFocus {
  return random.chance(0.5) ? QUEUED : {};
}

function chooseDurability(random: SeededRandom): FleetStage["durability"] {
  return {
    mode: random.chance(0.25) ? "relaxed" : "strict",
    // The shortest: a snapshot as soon as the entries since the last one are as long as that.
    ...(random.chance(0.3) ? { snapshotLength: 1 } : {}),
    attempts: random.chance(0.35) ? 1 + random.integer(2) : 4,
    ...(random.chance(0.15) ? { inboxLimit: 1 + random.integer(3) } : {}),
  };
}

/** Whether a store does not make its callers wait for a write. */
async function writesAtOnce(store: Store): Promise<boolean> {
  const answer: MaybePromise<unknown> = store.leave({ owner: "nobody", incarnation: 0 });
  if (!isThenable(answer)) return true;
  await answer;
  return false;
}

/** Chooses one of a list, which is not empty. */
export function pick<T>(random: SeededRandom, list: readonly T[]): T | undefined {
  return list[random.integer(list.length)];
}
