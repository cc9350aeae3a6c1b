import type { Law } from "./law.ts";

/** The seed of the gate, so that every run of it is the same. */
const SEED = 20_260_401;
/** The cases are the same in every runtime: all are tried in one. In workerd every macrotask takes a millisecond. */
const SHARE = [["Deno", 1], ["Cloudflare", 0.05], ["", 0.25]] as const;

/** Bun ends a test after five seconds where nothing else is said, however slow the machine. */
export const PATIENCE = { timeout: 600_000 } as const;

/** Tries a law as the gate does; `after` sees whether all was met that should have been, where all runs are made. */
export function inGate(law: Law, runs: number, after: () => void): () => Promise<void> {
  const [, share] = SHARE.find(([name]) => navigator.userAgent.startsWith(name)) ?? SHARE[0];
  return async () => {
    await law.prove({ runs: Math.ceil(runs * share), seed: SEED + law.invariant });
    if (share === 1) after();
  };
}
