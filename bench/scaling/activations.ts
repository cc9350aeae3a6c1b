import { clock, type Figures, isSmall } from "../harness/program.ts";

/** About as many activations are done for each size of each curve. */
export const ACTIVATIONS: number = isSmall ? 2_000 : 200_000;

/** How many jobs take their turns, whether at once or one after the other. */
export const JOBS: number = isSmall ? 100 : 10_000;

/** Says how long each of so many activations takes. */
export async function timeEach(activations: number, run: () => unknown): Promise<Figures> {
  const start = clock();
  await run();
  return { nanoseconds: ((clock() - start) * 1e6) / activations };
}
