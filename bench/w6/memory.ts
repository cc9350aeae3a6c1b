import { memoryUsage } from "node:process";
import { expectEqual, type Figures, isSmall } from "../harness/program.ts";

// Runtimes collect garbage when they like, but for these flags and calls.

declare const gc: (() => void) | undefined;
declare const Bun: { gc(force: boolean): void } | undefined;

/** Says how many resident bytes each of so many items takes, of whatever `hold` returns; `sum` adds them up afterwards. */
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
    collect();
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return memoryUsage().rss;
}

function collect(): void {
  if (typeof Bun !== "undefined") Bun.gc(true);
  else if (typeof gc === "function") gc();
  else throw new Error("The garbage collection must be exposed");
}
