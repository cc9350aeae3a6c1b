import { clock, type Figures, isSmall } from "../harness/program.ts";

/** About as many activations are done for each size of each curve. */
export const ACTIVATIONS: number = isSmall ? 2_000 : 200_000;

/** How many jobs there are for each size of theirs. */
const JOBS = isSmall ? 100 : 10_000;

/** What each of them does. */
const ITEMS = 4;
const TURNS = 5;

/** Says how long each of so many activations takes. */
export async function timeEach(activations: number, run: () => unknown): Promise<Figures> {
  const start = clock();
  await run();
  return { nanoseconds: ((clock() - start) * 1e6) / activations };
}

/** The same for jobs of so many items and turns each, `size` of them at once. */
export function timeJobs(size: number, run: (items: number, turns: number) => Promise<void>): Promise<Figures> {
  return timeEach(JOBS * ITEMS * TURNS, async () => {
    for (let done = 0; done < JOBS; done += size) {
      await Promise.all(Array.from({ length: size }, () => run(ITEMS, TURNS)));
    }
  });
}
