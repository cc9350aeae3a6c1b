import { expectEqual, type Figures, timeUnits } from "../harness/program.ts";

/** How many workers get each message. */
export const WORKERS = 1_000;

/** Times a run that returns the sum of all that the aggregator got: a message to each worker and back, in each round. */
export async function timeFan(rounds: number, run: () => number | Promise<number>): Promise<Figures> {
  let sum = 0;
  const figures = await timeUnits(rounds * WORKERS * 2, async () => {
    sum = await run();
  });
  expectEqual("The sum", sum, WORKERS * (rounds * (rounds - 1) / 2 + rounds));
  return figures;
}
