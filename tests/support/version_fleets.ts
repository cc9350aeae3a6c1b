import { Flow } from "../../mod.ts";
import type { FleetTask } from "../../src/testing/fleet/fleet_client.ts";
import type { FleetFocus } from "../../src/testing/fleet/fleet_focus.ts";
import type { FleetOptions, FleetSettings } from "../../src/testing/fleet/fleet_options.ts";
import { completeFleet, type FleetResult, judgeFleet } from "../../src/testing/fleet/simulate_fleet.ts";
import { FLEET_JOBS, fleetRegistry, renamedRegistry } from "./fleet_jobs.ts";
import { onChange, renamedVersionOf } from "./renamed_versions.ts";
import { IS_LONG } from "./gate_amount.ts";
import { seededRandom } from "./seeded_random.ts";

/** The jobs of a fleet: with few of them, more is asked of each. */
const JOBS = 4;
/** How many fleets there are for each in which names have changed. */
const RENAMED_EACH = 4;

/** The next version of a flow: with a routine more, and otherwise the same, so that a job ends alike in both. */
function nextOf(flow: Flow): Flow {
  const document = flow.toJSON();
  const [first] = Object.values(document.routines);
  if (first === undefined) throw new TypeError(`Flow "${flow.id}" has no routine`);
  const routines = { ...document.routines, "since version 2": first };
  return Flow.fromJSON({ ...document, flowVersion: 2, routines }, fleetRegistry);
}

/** The next versions of the flows, by the ids of those. */
const NEXT: ReadonlyMap<string, Flow> = new Map(FLEET_JOBS.map(({ flow }) => [flow.id, nextOf(flow)]));

/** Jobs are adopted again and again, while that is slow, fails, or is cut off. */
const ADOPTIONS: FleetFocus = {
  holds: { methods: ["replaceFlow", "claim"], mostMs: 600 },
  fates: {
    methods: ["replaceFlow", "claim"],
    fates: ["fails", "answer lost", "late", "unanswered", "gone"],
    chance: 0.4,
  },
  handlersTake: 4,
  lasts: 4,
  timeRate: 0.08,
  faults: { kinds: ["death", "rebirth", "twin", "shutdown", "block", "sleep"], most: 4, isHarsh: false },
  clientRate: 0.3,
  // It is moved while it is paused, and while it is due.
  tasks: (jobId, job, list) => {
    const adopt = { type: "adopt", jobId, flowId: job.flow.id, whenFree: true } as const;
    return Array.from({ length: 4 }, (_, n): readonly FleetTask[] => [
      { type: "ask", jobId, asked: { type: "pause", graceMs: 0 }, key: `${jobId} again pause-${list}.${n}` },
      adopt,
      { type: "ask", jobId, asked: { type: "resume" }, key: `${jobId} again resume-${list}.${n}` },
      n % 2 === 0 ? adopt : { ...adopt, whenFree: false },
    ]).flat();
  },
};

/**
 * Jobs are deleted and created anew under their ids, with either version, while they are adopted and resumed: what is under way to one life comes
 * to the next.
 */
const LIVES: FleetFocus = {
  ...ADOPTIONS,
  holds: { methods: ["replaceFlow", "claim", "take", "delete", "append"], mostMs: 900 },
  tasks: (jobId, job, list) => {
    const adopt = { type: "adopt", jobId, flowId: job.flow.id, whenFree: list === 1 } as const;
    const resume: FleetTask = { type: "direct", jobId, asked: { type: "resume" } };
    const execute: FleetTask = { type: "execute", jobId, job };
    return Array.from({ length: 5 }, (_, n): readonly FleetTask[] => [
      { type: "ask", jobId, asked: { type: "pause", graceMs: 0 }, key: `${jobId} again pause-${list}.${n}` },
      ...n % 2 === 0 ? [adopt, resume] : [execute, resume, adopt],
      { type: "delete", jobId, by: list === 1 ? "engine" : "store" },
      n % 2 === 0 ? execute : { type: "start", jobId, job, inMs: 0 },
    ]).flat();
  },
};

/** Jobs are resumed while they are adopted, by a process that takes them at the same time, as it repeats a claim. */
const TAKEN: FleetFocus = {
  ...ADOPTIONS,
  holds: { methods: ["claim"], mostMs: 900 },
  fates: { methods: ["claim"], fates: ["fails"], chance: 0.7 },
  durability: { mode: "strict", attempts: 4 },
  handlersTake: 30,
  recovers: true,
  faults: { kinds: ["recover"], most: 16, isHarsh: false },
  tasks: (jobId, { flow: { id: flowId } }, list) =>
    Array.from({ length: 6 }, (_, n): readonly FleetTask[] => [
      { type: "ask", jobId, asked: { type: "pause", graceMs: 0 }, key: `${jobId} again pause-${list}.${n}` },
      { type: "adopt", jobId, flowId, whenFree: true, goesOn: true },
      { type: "ask", jobId, asked: { type: "resume" }, key: `${jobId} again resume-${list}.${n}` },
    ]).flat(),
};

/** The same, where a function says how the names of the next versions have changed. */
const RENAMED: FleetFocus = { ...ADOPTIONS, durability: { mode: "strict", attempts: 3 } };

/** Whether names have changed in a fleet that is about nothing in particular. */
function renames(seed: number): boolean {
  return seed % RENAMED_EACH === 2;
}

/** The options of a fleet by a seed whose processes have two versions of the flows; in some, their names have changed. */
export function versionFleetOf(seed: number, isRenamed: boolean = renames(seed)): FleetOptions {
  const random = seededRandom(seed);
  const jobs = Array.from({ length: JOBS }, () => FLEET_JOBS[random.integer(FLEET_JOBS.length)]).flatMap((it) =>
    it ?? []
  );
  const versionOf = isRenamed ? renamedVersionOf : (id: string) => NEXT.get(id);
  const versions = [...new Set(jobs.flatMap(({ flow }) => versionOf(flow.id) ?? []))];
  const options = { jobs, versions, seed, engines: 3 };
  return isRenamed ? { ...options, registry: renamedRegistry, onChange } : { ...options, registry: fleetRegistry };
}

/** What all such fleets may be about. */
export const VERSION_FOCUSES: Readonly<Record<string, FleetFocus>> = {
  livesOfVersions: LIVES,
  takenVersions: TAKEN,
  renamedVersions: RENAMED,
};

/** The complete settings of that fleet: three of four are about adoptions alone, and half of the others about lives. */
export function versionSettingsOf(
  seed: number,
  options: Partial<FleetOptions> = {},
  about: FleetFocus | undefined = seed % 8 === 4 ? LIVES : seed % 4 === 0 ? undefined : ADOPTIONS,
): FleetSettings {
  const attempts = about === ADOPTIONS ? seed % 4 : 1 + seed % 3;
  const isRenamed = about === RENAMED || (about !== LIVES && about !== TAKEN && renames(seed));
  const focus = about && { durability: { mode: "strict", attempts } as const, ...about };
  return { ...completeFleet({ ...versionFleetOf(seed, isRenamed), ...options }), focus };
}

/**
 * The seeds of the fleets that run on a real store. Most move jobs over and over, which asks a store ten thousand times; in the gate, only
 * those run that ask it two thousand times.
 */
export function seedsOnStores(long: number): readonly number[] {
  return IS_LONG ? Array.from({ length: long }, (_, index) => index + 1) : [3, 4];
}

/** Runs it. */
export async function runVersionFleetOf(seed: number, options: Partial<FleetOptions> = {}): Promise<FleetResult> {
  return await judgeFleet(versionSettingsOf(seed, options));
}
