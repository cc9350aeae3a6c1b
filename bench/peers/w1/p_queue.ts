import PQueue from "p-queue";
import type { Counted } from "../../harness/payload.ts";
import { runProgram } from "../../harness/program.ts";
import { Sink } from "../../harness/sink.ts";
import { type Goods, STAGES, timeChain, variantsOf } from "../../w1/chain.ts";

// A queue for each stage, one task at a time. The source waits while many are queued: long queues are slow.

const HIGH_WATER = 1_000;

async function run<T extends Counted>(count: number, { make, next }: Goods<T>): Promise<number> {
  const sink = new Sink(count);
  const queues = Array.from({ length: STAGES + 1 }, () => new PQueue({ concurrency: 1 }));
  const first = queues[0] ?? new PQueue();
  const send = (stage: number, item: T): void => {
    void queues[stage]?.add(async () => stage === STAGES ? sink.add(item) : send(stage + 1, next(item)));
  };
  for (let v = 0; v < count; v++) {
    if (first.size >= HIGH_WATER) await first.onSizeLessThan(HIGH_WATER / 2);
    send(0, make(v));
  }
  return sink.done;
}

await runProgram(variantsOf((goods) => ({ async: (count) => timeChain(count, () => run(count, goods)) })));
