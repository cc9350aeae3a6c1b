import type { Activation } from "../activation/activation.ts";

/** Makes the choices that are left to chance outside of simulations. */
export interface Director {
  /** Chooses the next of `count` ready tasks that differ in age only: 0 is the oldest. */
  choose(count: number): number;
  /** Runs a handler, or does not; its result or error counts as the handler's. */
  call(activation: Activation, run: () => unknown): unknown;
}
