import type { Law } from "../properties/law.ts";
import { tryMutations } from "./campaign.ts";

/** As many failures are told of. */
const MOST_TOLD = 3;

/** Invariant 7 as a law. Its cases have no path: a failure names the seed of each, from which it can be tried alone. */
export const hostileLaw: Law = {
  invariant: 7,
  name: "mangled flows, jobs and commits are refused with a path, or lose nothing",
  cost: 1,
  async prove({ runs, seed }) {
    const { failures } = await tryMutations(runs, seed);
    if (failures.length === 0) return;
    throw new Error([`${failures.length} of ${runs} failed`, ...failures.slice(0, MOST_TOLD)].join("\n"));
  },
};
