import { test } from "node:test";
import type { Law } from "./law.ts";

/** The seed of the gate, so that every run of it is the same. */
const SEED = 20_260_401;
/** Bun ends a test after five seconds where nothing else is said, however slow the machine. */
const PATIENCE = { timeout: 600_000 };
/** The cases are the same in every runtime: all are tried in one. In workerd every macrotask takes a millisecond. */
const SHARE = [["Deno", 1], ["Cloudflare", 0.05], ["", 0.25]] as const;

/** How a law is tested. */
export interface ProofOptions {
  /** The cases of the requirements that it proves. */
  readonly cases?: string;
  /** Sees whether all was met that should have been, where all runs are made. */
  readonly after?: () => void;
}

/** Tests a law in the gate. */
export function prove(law: Law, runs: number, { cases, after }: ProofOptions = {}): void {
  const [, share] = SHARE.find(([name]) => navigator.userAgent.startsWith(name)) ?? SHARE[0];
  const name = `Invariant ${law.invariant}: ${law.name}`;
  test(cases === undefined ? name : `${cases} ${name}`, PATIENCE, async () => {
    await law.prove({ runs: Math.ceil(runs * share), seed: SEED + law.invariant });
    if (share === 1) after?.();
  });
}
