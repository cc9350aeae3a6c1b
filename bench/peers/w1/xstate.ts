import type { Counted } from "../../harness/payload.ts";
import { runProgram } from "../../harness/program.ts";
import { Sink } from "../../harness/sink.ts";
import { type Goods, STAGES, timeChain, variantsOf } from "../../w1/chain.ts";
import { type StartActor, startMachine, startTransition } from "../support/xstate.ts";

// An actor for each stage.

function run<T extends Counted>(count: number, { make, next }: Goods<T>, startActor: StartActor): Promise<number> {
  const sink = new Sink(count);
  let first = startActor((item: T) => sink.add(item));
  for (let i = 0; i < STAGES; i++) {
    const target = first;
    first = startActor((item: T) => target.send({ type: "item", item: next(item) }));
  }
  for (let v = 0; v < count; v++) first.send({ type: "item", item: make(v) });
  return sink.done;
}

await runProgram(variantsOf((goods) => ({
  "machines": (count) => timeChain(count, () => run(count, goods, startMachine)),
  "transitions": (count) => timeChain(count, () => run(count, goods, startTransition)),
})));
