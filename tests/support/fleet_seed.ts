import type { FleetOptions } from "../../src/testing/fleet/fleet_options.ts";
import { type FleetResult, simulateFleet } from "../../src/testing/fleet/simulate_fleet.ts";
import { FLEET_JOBS, fleetRegistry } from "./fleet_jobs.ts";
import { seededRandom } from "./seeded_random.ts";

/** How many jobs a fleet of the tests has. */
const JOBS = 2;

/** The options of the fleet of a seed: two of the jobs of `fleet_jobs.ts`, on three engines. */
export function fleetOf(seed: number): FleetOptions {
  const random = seededRandom(seed);
  const jobs = Array.from({ length: JOBS }, () => FLEET_JOBS[random.integer(FLEET_JOBS.length)])
    .filter((it) => it !== undefined);
  return { jobs, registry: fleetRegistry, seed, engines: 3 };
}

/** Runs the fleet of a seed. */
export function runFleetOf(seed: number, options: Partial<FleetOptions> = {}): Promise<FleetResult> {
  return simulateFleet({ ...fleetOf(seed), ...options });
}
