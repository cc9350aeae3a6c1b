import { EventEmitter } from "eventemitter3";
import type { Counted } from "../../harness/payload.ts";
import { runProgram } from "../../harness/program.ts";
import { Sink } from "../../harness/sink.ts";
import { type Goods, STAGES, timeChain, variantsOf } from "../../w1/chain.ts";

// An emitter for each stage: an emit calls the next stage at once.

function run<T extends Counted>(count: number, { make, next }: Goods<T>): Promise<number> {
  const sink = new Sink(count);
  let first = new EventEmitter().on("item", (item: T) => sink.add(item));
  for (let i = 0; i < STAGES; i++) {
    const target = first;
    first = new EventEmitter().on("item", (item: T) => void target.emit("item", next(item)));
  }
  for (let v = 0; v < count; v++) first.emit("item", make(v));
  return sink.done;
}

await runProgram(variantsOf((goods) => ({ sync: (count) => timeChain(count, () => run(count, goods)) })));
