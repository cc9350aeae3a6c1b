import type { IdSource } from "../ports/ids.ts";

/** Makes predictable ids: `id-1`, `id-2`, … */
export function manualIds(prefix: string = "id"): IdSource {
  let count = 0;
  return { id: () => `${prefix}-${++count}` };
}
