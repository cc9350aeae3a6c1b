import { type FleetFocus, FOCUSES, QUEUED } from "../../src/testing/fleet/fleet_focus.ts";
import type { FleetOptions, FleetSettings } from "../../src/testing/fleet/fleet_options.ts";
import { completeFleet, type FleetResult, judgeFleet } from "../../src/testing/fleet/simulate_fleet.ts";
import { FLEET_JOBS, fleetRegistry, LONG_JOBS, SPECIAL_JOBS } from "./fleet_jobs.ts";
import { OVERTAKEN } from "./fleet_overtaken.ts";
import { REPAIRS } from "./fleet_repairs.ts";
import { judgedRetries } from "./judged_retries.ts";
import { seededRandom } from "./seeded_random.ts";
import { VERSION_FOCUSES, versionSettingsOf } from "./version_fleets.ts";

/** How many jobs a fleet of the tests has, where it is about nothing that needs more. */
const JOBS = 2;
const JOBS_OF: Readonly<Record<string, number>> = { takes: 4, strangers: 4, overtaken: 4 };

/** The flows of which fleets have one that are about them. */
const FLOWS_OF: Readonly<Record<string, readonly string[]>> = {
  families: ["family", "elders", "rushes"],
  debts: ["family", "elders", "rushes"],
  slices: ["strides"],
  redrives: ["rescued", "breaks", "spoils"],
  retries: ["picks"],
  repairs: ["mends"],
  failures: ["mourns", "rescued"],
  posts: ["posts", "loses"],
  specials: SPECIAL_JOBS.map(({ flow }) => flow.id),
  deaths: ["counts"],
  deadlines: ["brief", "waits", "family", "rushes"],
  ownDeadlines: ["brief", "waits", "family", "rushes"],
};

/** How many fleets there are for each that has queues with limits. */
const QUEUES_EACH = 8;
/** How many there are for each that has a special job, and which of them that is. */
const SPECIAL_EACH = 6;
const SPECIAL = 1;

/** The situations that fleets are about. */
const SITUATIONS: Readonly<Record<string, FleetFocus | undefined>> = {
  ...FOCUSES,
  queues: QUEUED,
  repairs: REPAIRS,
  overtaken: OVERTAKEN,
  posts: FOCUSES["families"],
};

/** What all fleets may be about: limits of queues, versions of flows, special jobs, or a situation that chance makes seldom. */
export const FLEET_FOCUSES: readonly string[] = [
  "queues",
  "versions",
  "overtaken",
  ...Object.keys(VERSION_FOCUSES),
  ...Object.keys({ ...FLOWS_OF, ...FOCUSES }),
];

/** The options of the fleet of a seed: two of the jobs of `fleet_jobs.ts`, on three engines. With `focus`, all fleets are about that. */
export function fleetOf(seed: number, focus?: string): FleetOptions {
  if (focus === "queues" || (focus === undefined && seed % QUEUES_EACH === 0)) return queueFleetOf(seed);
  const random = seededRandom(seed);
  const about = focus ?? (seed % SPECIAL_EACH === SPECIAL ? "specials" : "");
  const first = [...FLEET_JOBS, ...LONG_JOBS, ...SPECIAL_JOBS].filter((job) =>
    FLOWS_OF[about]?.includes(job.flow.id) ?? FLEET_JOBS.includes(job)
  );
  const count = JOBS_OF[about] ?? JOBS;
  const jobs = Array.from({ length: count }, (_, i) => {
    const list = i === 0 ? first : FLEET_JOBS;
    return list[random.integer(list.length)];
  }).filter((it) => it !== undefined);
  return { jobs, registry: fleetRegistry, seed, engines: 3 };
}

/** A fleet with jobs in queues with limits over all workers, and outside of them. */
function queueFleetOf(seed: number): FleetOptions {
  const random = seededRandom(seed);
  const rate = { count: 1 + random.integer(3), perMs: 500 + random.integer(5_000) };
  const queues = [
    { name: "narrow", globalConcurrency: 1 + random.integer(2), ...(random.chance(0.3) ? { rate } : {}) },
    { name: "slow", rate, ...(random.chance(0.3) ? { concurrency: 1 } : {}) },
  ];
  const jobs = ["narrow", "narrow", "narrow", "slow", "slow", undefined].flatMap((queue) => {
    const job = FLEET_JOBS[random.integer(FLEET_JOBS.length)];
    return job === undefined ? [] : [queue === undefined ? job : { ...job, queue }];
  });
  return { jobs, queues, registry: fleetRegistry, seed, engines: 3 };
}

/** The complete settings of the fleet of a seed. */
export function fleetSettingsOf(
  seed: number,
  options: Partial<FleetOptions> = {},
  focus?: string,
): FleetSettings {
  if (focus !== undefined && !FLEET_FOCUSES.includes(focus)) {
    throw new RangeError(`No fleets are about "${focus}"; there are ${FLEET_FOCUSES.join(", ")}`);
  }
  if (focus === "versions") return versionSettingsOf(seed, options);
  const about = VERSION_FOCUSES[focus ?? ""];
  if (about !== undefined) return versionSettingsOf(seed, options, about);
  const settings = completeFleet({ ...fleetOf(seed, focus), ...options });
  return {
    ...settings,
    openStore: async () => judgedRetries(await settings.openStore()),
    focus: SITUATIONS[focus ?? ""],
  };
}

/** Runs the fleet of a seed. */
export async function runFleetOf(
  seed: number,
  options: Partial<FleetOptions> = {},
  focus?: string,
): Promise<FleetResult> {
  return await judgeFleet(fleetSettingsOf(seed, options, focus));
}
