import type { FleetCommand, FleetFaults, FleetSettings } from "./fleet_options.ts";
import { type FleetRun, runFleet } from "./fleet_run.ts";

/** Options that make a run smaller. */
export interface FleetCut {
  /** Fewer engines. */
  readonly engines?: number;
  /** Fewer faults. */
  readonly faults?: FleetFaults;
  /** Fewer commands. */
  readonly commands?: readonly FleetCommand[];
  /** Fewer steps. */
  readonly steps?: number;
}

/** A run that breaks a promise, and what was changed to get it. */
export interface SmallRun {
  readonly run: FleetRun;
  readonly cut: FleetCut;
}

/**
 * Looks for a smaller run that breaks the same promise, by leaving out one thing after the other. It is the run of the settings
 * itself if there is none.
 */
export async function shrinkFleet(settings: FleetSettings, failed: FleetRun): Promise<SmallRun> {
  let best: SmallRun = { run: await runFleet(settings, true), cut: {} };
  for (const cut of cutsOf(settings)) {
    const faults = { ...settings.faults, ...best.cut.faults, ...cut.faults };
    const run = await runFleet({ ...settings, ...best.cut, ...cut, faults }, true);
    const isSmaller = run.trace.lines.length < best.run.trace.lines.length;
    if (!isSmaller || run.violation?.invariant !== failed.violation?.invariant) continue;
    const isFaulty = cut.faults !== undefined || best.cut.faults !== undefined;
    best = {
      run,
      cut: { ...best.cut, ...cut, ...(isFaulty ? { faults: { ...best.cut.faults, ...cut.faults } } : {}) },
    };
  }
  return best;
}

function* cutsOf({ steps, commands, faults }: FleetSettings): Iterable<FleetCut> {
  yield { faults: { calls: 0 } };
  yield { faults: { processes: 0 } };
  for (const kind of faults.kinds) yield { faults: { kinds: [kind] } };
  yield { commands: [] };
  for (const command of commands) yield { commands: [command] };
  yield { engines: 1 };
  for (const share of [0.75, 0.5, 0.35, 0.25]) yield { steps: Math.ceil(steps * share) };
}
