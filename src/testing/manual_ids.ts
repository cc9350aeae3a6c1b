import type { IdSource } from "../ports/ids.ts";

/**
 * Makes predictable ids: `id-1`, `id-2`, … Several engines that share a store must share these ids as well, or have prefixes of their own:
 * a store takes calls with equal ids for one.
 */
export function manualIds(prefix: string = "id"): IdSource {
  let count = 0;
  return { id: () => `${prefix}-${++count}` };
}
