import { expectEqual, type Figures, timeUnits } from "../harness/program.ts";

/** The number of workers. */
export const WORKERS = 1_000;

/** Measures a run that returns the aggregator's sum: one message to each worker and back, per round. */
export async function timeFan(rounds: number, run: () => number | Promise<number>): Promise<Figures> {
  let sum = 0;
  const figures = await timeUnits(rounds * WORKERS * 2, async () => {
    sum = await run();
  });
  expectEqual("The sum", sum, WORKERS * (rounds * (rounds - 1) / 2 + rounds));
  return figures;
}
