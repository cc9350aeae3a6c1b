import type { Contestant } from "./contestant.ts";

/** Where the programs of the contestants are. Those of others need `npm ci --prefix bench/fleet_peers`. */
const PROGRAMS: Readonly<Record<string, string>> = {
  "routilux": "./routilux.ts",
  "DBOS": "../fleet_peers/dbos.ts",
  "openworkflow": "../fleet_peers/openworkflow.ts",
  "graphile-worker": "../fleet_peers/graphile_worker.ts",
  "pg-boss": "../fleet_peers/pg_boss.ts",
};

/** The names of all. */
export const NAMES: readonly string[] = Object.keys(PROGRAMS);

/** Loads a contestant. */
export async function contestantOf(name: string): Promise<Contestant> {
  const path = PROGRAMS[name];
  if (path === undefined) throw new Error(`There is no contestant "${name}": there are ${NAMES.join(", ")}`);
  const { contestant }: { readonly contestant: Contestant } = await import(path);
  return contestant;
}
