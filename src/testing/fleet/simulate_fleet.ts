import { RoutiluxError } from "../../base/errors.ts";
import { checkDuration, checkInteger, checkRange } from "../../base/options.ts";
import { memoryStore } from "../../stores/memory_store.ts";
import type { FleetCommand, FleetFaults, FleetOptions, FleetSettings, ProcessFault } from "./fleet_options.ts";
import { runFleet } from "./fleet_run.ts";
import type { FleetInvariant } from "./fleet_violation.ts";

/** What a fleet has done. */
export interface FleetResult {
  /** The seed, which repeats the run. */
  readonly seed: number;
  /** How many jobs there were at the end. */
  readonly jobs: number;
  /** How many of them were compared with a run that nobody disturbed. */
  readonly compared: number;
}

const PROCESS_FAULTS: readonly ProcessFault[] = [
  "death",
  "rebirth",
  "twin",
  "shutdown",
  "block",
  "sleep",
  "clock",
  "recover",
];
const COMMANDS: readonly FleetCommand[] = ["pause", "resume", "cancel", "redrive", "delete"];

/** The number of last lines of a trace that an error shows. */
const SHOWN = 40;

/** A fleet has broken a promise: `seed` repeats the run. */
export class FleetError extends RoutiluxError {
  /** The name of the class, safe under minifiers. */
  override readonly name = "FleetError";
  /** The kind of error. */
  readonly code = "FLEET" as const;
  /** The promise. */
  readonly invariant: FleetInvariant;
  /** The seed, which repeats the run with the same options. */
  readonly seed: number;
  /** All that has happened, one line per event. */
  readonly trace: readonly string[];

  /** Makes the error. */
  constructor(invariant: FleetInvariant, why: string, seed: number, trace: readonly string[]) {
    super(
      `Fleet failed with seed ${seed}: ${invariant}: ${why}\nThe last events were:\n${trace.slice(-SHOWN).join("\n")}`,
    );
    this.invariant = invariant;
    this.seed = seed;
    this.trace = trace;
  }
}

export async function simulateFleet(options: FleetOptions): Promise<FleetResult> {
  const settings = complete(options);
  const { seed } = settings;
  const { violation, jobs, compared } = await runFleet(settings, false);
  if (violation === undefined) return { seed, jobs, compared };
  const { trace } = await runFleet(settings, true);
  throw new FleetError(violation.invariant, violation.message, seed, trace.lines);
}

function complete(options: FleetOptions): FleetSettings {
  const action = "Cannot simulate a fleet";
  const { jobs, registry, seed, engines = 2, steps = 200, handlerMs = 400, comparison = "outcome", services } = options;
  const { commands = COMMANDS, openStore = memoryStore } = options;
  checkInteger(action, "seed", seed, Number.MIN_SAFE_INTEGER);
  checkInteger(action, "engines", engines);
  checkInteger(action, "steps", steps);
  checkDuration(action, "handlerMs", handlerMs);
  if (jobs.length === 0) throw new TypeError(`${action}: there must be at least one job`);
  const faults = completeFaults(action, options.faults ?? {});
  return { jobs, registry, seed, engines, faults, commands, steps, handlerMs, comparison, services, openStore };
}

function completeFaults(
  action: string,
  { calls = 0.04, processes = 8, kinds = PROCESS_FAULTS }: FleetFaults,
): Required<FleetFaults> {
  checkRange(action, "faults.calls", calls, 0, 1);
  checkInteger(action, "faults.processes", processes, 0);
  return { calls, processes, kinds };
}
