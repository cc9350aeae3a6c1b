import PQueue from "p-queue";
import { countUp } from "../../harness/payload.ts";
import { runProgram } from "../../harness/program.ts";
import { timeFan, WORKERS } from "../../w2/fan.ts";

// One queue for all workers, as many side by side; the aggregator is the code that awaits their results.

async function run(rounds: number): Promise<number> {
  const workers = new PQueue({ concurrency: WORKERS });
  let sum = 0;
  for (let v = 0; v < rounds; v++) {
    const tasks = Array.from({ length: WORKERS }, () => async () => countUp({ v }));
    for (const item of await workers.addAll(tasks)) sum += item.v;
  }
  return sum;
}

await runProgram({ async: (rounds) => timeFan(rounds, () => run(rounds)) });
