/**
 * Tools to test routines, flows and stores: a clock and ids that tests control, a function that runs one routine alone,
 * simulations that stop, move and disturb a job, or several engines on one store, as a seed decides, and the contract test of stores.
 *
 * @example One routine alone
 * ```ts
 * import { Mapper } from "@routilux/routilux/routines";
 * import { runRoutine } from "@routilux/routilux/testing";
 *
 * class Doubler extends Mapper<number, number> {
 *   double = (n: number): number => n * 2;
 * }
 * const doubler = new Doubler();
 * doubler.use(doubler.double);
 * const { emitted } = await runRoutine(doubler, doubler.input, 21);
 * emitted[0]?.data; // 42
 * ```
 *
 * @module
 */
export type { JobComparison } from "./compare_jobs.ts";
export type { Fault, FaultKind, Faults } from "./faults.ts";
export { FleetError, type FleetResult, simulateFleet } from "./fleet/simulate_fleet.ts";
export type {
  FleetCommand,
  FleetDelivery,
  FleetFaults,
  FleetJob,
  FleetOptions,
  ProcessFault,
} from "./fleet/fleet_options.ts";
export type { FleetCut } from "./fleet/fleet_shrink.ts";
export type { FleetInvariant } from "./fleet/fleet_violation.ts";
export { manualIds } from "./manual_ids.ts";
export { type ManualTimers, manualTimers } from "./manual_timers.ts";
export { pauseAnywhere, type PauseAnywhereOptions, type PauseAnywhereResult } from "./pause_anywhere.ts";
export { type RoutineRun, runRoutine, type RunRoutineOptions } from "./run_routine.ts";
export type { SeededRandom } from "./seeded_random.ts";
export type { EntryParams } from "../model/entry_point.ts";
export { simulate, type SimulatedJobOptions, type SimulateOptions } from "./simulate.ts";
export type { IdleJob, SimulatedHost } from "./simulated_process.ts";
export type { Simulation } from "./simulation.ts";
export { SimulationError } from "./trace.ts";
export { storeContract, type StoreContractOptions, type StorePlace } from "./store_contract.ts";
export type { TraceStep } from "./trace.ts";
