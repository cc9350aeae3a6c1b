import type { IdSource } from "../ports/ids.ts";

/**
 * Makes predictable ids: `id-1`, `id-2`, … Several engines that share a store must share these ids as well, or have prefixes of their own:
 * a store takes calls with equal ids for one.
 *
 * @example
 * ```ts
 * import { manualIds } from "@routilux/routilux/testing";
 *
 * const ids = manualIds();
 * [ids.id(), ids.id()]; // ["id-1", "id-2"]
 * ```
 */
export function manualIds(prefix: string = "id"): IdSource {
  let count = 0;
  return { id: () => `${prefix}-${++count}` };
}
