import { clock, type Figures, isSmall } from "../harness/program.ts";

/** The approximate number of activations for each size of each curve. */
export const ACTIVATIONS: number = isSmall ? 2_000 : 200_000;

/** The number of jobs for each size of the jobs curve. */
const JOBS = isSmall ? 100 : 10_000;

/** The number of activations of each of these jobs. */
const ITEMS = 4;
const TURNS = 5;

/** Returns the mean time of an activation. */
export async function timeEach(activations: number, run: () => unknown): Promise<Figures> {
  const start = clock();
  await run();
  return { nanoseconds: ((clock() - start) * 1e6) / activations };
}

/** The same for many jobs with some items and turns each, `size` jobs at once. */
export function timeJobs(size: number, run: (items: number, turns: number) => Promise<void>): Promise<Figures> {
  return timeEach(JOBS * ITEMS * TURNS, async () => {
    for (let done = 0; done < JOBS; done += size) {
      await Promise.all(Array.from({ length: size }, () => run(ITEMS, TURNS)));
    }
  });
}
