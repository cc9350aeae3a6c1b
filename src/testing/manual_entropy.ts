import type { Entropy } from "../ports/entropy.ts";

/** Makes ids that can be foretold: `id-1`, `id-2`, … */
export function manualEntropy(prefix: string = "id"): Entropy {
  let count = 0;
  return { id: () => `${prefix}-${++count}` };
}
