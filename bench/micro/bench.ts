import { isSmall } from "../harness/program.ts";

const once = isSmall ? { n: 1, warmup: 0 } : {};

/** Registers a benchmark; it asserts its result, so that no work can be left out. */
export function bench(
  name: string,
  options: { readonly group: string; readonly baseline?: boolean },
  run: () => void | Promise<void>,
): void {
  Deno.bench({ name, ...options, ...once, fn: run });
}
