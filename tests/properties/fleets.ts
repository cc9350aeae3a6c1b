import { runFleetOf } from "../support/fleet_seed.ts";
import type { Law } from "./law.ts";

/**
 * Fleets keep the promises of stored jobs: nothing is stranded (invariant 8), nothing is lost or doubled (9), no two engines run a job
 * at the same time (10), what came in time counts (11), and nothing grows without bounds (12). A seed of the law is the first of `runs` seeds in a row.
 */
export function fleetsKeepPromises(): Law {
  return {
    invariant: 8,
    name: "fleets keep the promises of jobs in a store",
    cost: 10,
    prove: async ({ runs, seed }) => {
      for (let next = seed; next < seed + runs; next++) await runFleetOf(next);
    },
  };
}
