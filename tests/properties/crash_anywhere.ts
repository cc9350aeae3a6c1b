import * as fc from "fast-check";
import { type CrashingRun, runWithCrashes } from "../support/crashing_run.ts";
import { flows, type Size } from "../support/flow_arbitrary.ts";
import type { FlowSpec } from "../support/flow_spec.ts";
import { lists } from "../support/list_arbitrary.ts";
import type { Crash } from "../support/crashing_store.ts";
import { withoutWorkTime } from "../support/comparable_text.ts";
import type { Redrive } from "../support/scripted_host.ts";
import { assertSame } from "./assert_same.ts";
import { type Law, law } from "./law.ts";

/** A flow, and how the processes die that work on its job. */
export interface MortalCase {
  /** The flow. */
  readonly flow: FlowSpec;
  /** One after the other; then one lives. */
  readonly deaths: readonly Crash[];
  /** Whether the store answers later. */
  readonly isAsync: boolean;
  /** How much is written before the journal is compacted. */
  readonly snapshotLength: number;
  /** How its failures are put back when the job has ended, if they are. */
  readonly redrive: Redrive | undefined;
}

const NAME = "a job whose processes die ends as if none had died, byte for byte";
const stores = {
  isAsync: fc.boolean(),
  snapshotLength: fc.constantFrom(100_000, 2_000, 1),
  redrive: fc.constantFrom(undefined, "all", "first", "changed"),
};

/** Invariant 5: a crash at any write, done or not. */
export function crashedSomewhere(tries: { deaths: number } = { deaths: 0 }): Law {
  const death = fc.record({ write: fc.integer({ min: 1, max: 12 }), isWritten: fc.boolean() });
  return law(5, NAME, fc.record({ flow: flows("strict"), deaths: lists(death, 8), ...stores }), async (it) => {
    tries.deaths += await checkDeaths(it);
  });
}

/** Invariant 5, at each write in turn. */
export function crashedEverywhere(tries: { deaths: number } = { deaths: 0 }): Law {
  const size: Size = "small";
  const cases = fc.record({ flow: flows("strict", size), ...stores });
  return law(5, `${NAME}, at each write in turn`, cases, async (it) => {
    const undisturbed = await surviveDeaths({ ...it, deaths: [] });
    for (let write = 1; write <= undisturbed.writes; write++) {
      for (const isWritten of [false, true]) {
        tries.deaths += await checkDeaths({ ...it, deaths: [{ write, isWritten }] }, undisturbed);
      }
    }
  }, 20);
}

/** Compares the end with that of a run in which no process dies, which may be given; tells how many processes died. */
async function checkDeaths(it: MortalCase, given?: CrashingRun): Promise<number> {
  const { end, processes } = await surviveDeaths(it);
  // With a store, a deadline is decided after a look into the inbox that comes later.
  const undisturbed = given ?? await surviveDeaths({ ...it, deaths: [] });
  assertSame(withoutWorkTime(end), withoutWorkTime(undisturbed.end), `deaths: ${JSON.stringify(it.deaths)}`);
  return processes - 1;
}

function surviveDeaths({ flow, deaths, isAsync, snapshotLength, redrive }: MortalCase): Promise<CrashingRun> {
  const durability = { snapshotLength, maxRecoveries: 100 };
  return runWithCrashes(flow, { isAsync, durability, redrive, deathOf: (process) => deaths[process] });
}
