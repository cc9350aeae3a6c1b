import { memoryUsage } from "node:process";
import { collectGarbage } from "../harness/garbage.ts";
import { expectEqual, type Figures, isSmall } from "../harness/program.ts";

/** Returns the resident bytes per item of the data that `hold` returns; `sum` then adds up the items. */
export async function measureMemory<T>(
  count: number,
  hold: () => T | Promise<T>,
  sum: (held: T) => number | Promise<number>,
): Promise<Figures> {
  const times = isSmall ? 1 : 5;
  const before = await settledMemory(times);
  const held = await hold();
  const after = await settledMemory(times);
  expectEqual("The sum", await sum(held), (count * (count - 1)) / 2);
  return { bytesPerItem: (after - before) / count };
}

async function settledMemory(times: number): Promise<number> {
  for (let i = 0; i < times; i++) {
    collectGarbage();
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return memoryUsage().rss;
}
