import { amountOf, IS_LONG, SHARE } from "../support/gate_amount.ts";
import type { Law } from "./law.ts";

/** The seed of the gate, so that every run of it is the same. */
const SEED = 20_260_401;
/** Bun ends a test after five seconds where nothing else is said, however slow the machine. */
export const PATIENCE = { timeout: 600_000 } as const;

/**
 * Tries a law as the gate does, or with the cases of the long run; `after` sees whether all was met that should have been, where all runs
 * are made.
 */
export function inGate(law: Law, runs: number, after: () => void, long: number = 10 * runs): () => Promise<void> {
  return async () => {
    await law.prove({ runs: amountOf(runs, long), seed: SEED + law.invariant });
    if (SHARE === 1 || IS_LONG) after();
  };
}
