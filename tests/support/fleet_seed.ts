import type { FleetOptions } from "../../src/testing/fleet/fleet_options.ts";
import { type FleetResult, simulateFleet } from "../../src/testing/fleet/simulate_fleet.ts";
import { FLEET_JOBS, fleetRegistry } from "./fleet_jobs.ts";
import { seededRandom } from "./seeded_random.ts";

/** How many jobs a fleet of the tests has. */
const JOBS = 2;

/** How many fleets there are for each that has queues with limits. */
const QUEUES_EACH = 8;

/** The options of the fleet of a seed: two of the jobs of `fleet_jobs.ts`, on three engines. */
export function fleetOf(seed: number): FleetOptions {
  if (seed % QUEUES_EACH === 0) return queueFleetOf(seed);
  const random = seededRandom(seed);
  const jobs = Array.from({ length: JOBS }, () => FLEET_JOBS[random.integer(FLEET_JOBS.length)])
    .filter((it) => it !== undefined);
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

/** Runs the fleet of a seed. */
export function runFleetOf(seed: number, options: Partial<FleetOptions> = {}): Promise<FleetResult> {
  return simulateFleet({ ...fleetOf(seed), ...options });
}
