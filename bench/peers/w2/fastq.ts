import fastq from "fastq";
import { type Counted, countUp } from "../../harness/payload.ts";
import { runProgram } from "../../harness/program.ts";
import { timeFan, WORKERS } from "../../w2/fan.ts";

// One queue for all workers, as many side by side; the aggregator is the code that awaits their results.

async function run(rounds: number): Promise<number> {
  const workers = fastq.promise(async (item: Counted) => countUp(item), WORKERS);
  let sum = 0;
  for (let v = 0; v < rounds; v++) {
    const results = Array.from({ length: WORKERS }, () => workers.push({ v }));
    for (const item of await Promise.all(results)) sum += item.v;
  }
  return sum;
}

await runProgram({ async: (rounds) => timeFan(rounds, () => run(rounds)) });
