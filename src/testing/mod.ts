/**
 * Means to test routines and flows: a clock and ids that move by hand, and a way to try one routine alone.
 *
 * @module
 */
export { manualEntropy } from "./manual_entropy.ts";
export { type ManualTimers, manualTimers } from "./manual_timers.ts";
export { type RoutineRun, runRoutine, type RunRoutineOptions } from "./run_routine.ts";
