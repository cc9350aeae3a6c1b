import { clock, runProgram, type Variant } from "../harness/program.ts";
import { ACTIVATIONS, VARIANTS } from "./variants.ts";

// One variant, run so many times: the time of an activation in microseconds.

const variants = Object.entries(VARIANTS).map(([name, make]): [string, Variant] => [name, async (size) => {
  const run = make();
  const start = clock();
  for (let count = 0; count < size; count++) await run();
  return { us: (clock() - start) * 1_000 / (ACTIVATIONS * size) };
}]);

await runProgram(Object.fromEntries(variants));
