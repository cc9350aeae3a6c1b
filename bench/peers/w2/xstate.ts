import { type Counted, countUp } from "../../harness/payload.ts";
import { runProgram } from "../../harness/program.ts";
import { Sink } from "../../harness/sink.ts";
import { timeFan, WORKERS } from "../../w2/fan.ts";
import { type StartActor, startMachine, startTransition } from "../support/xstate.ts";

// An actor for each worker, and one for the aggregator.

function run(rounds: number, startActor: StartActor): Promise<number> {
  const sink = new Sink(rounds * WORKERS);
  const aggregator = startActor((item: Counted) => sink.add(item));
  const work = (item: Counted): void => aggregator.send({ type: "item", item: countUp(item) });
  const workers = Array.from({ length: WORKERS }, () => startActor(work));
  for (let v = 0; v < rounds; v++) for (const worker of workers) worker.send({ type: "item", item: { v } });
  return sink.done;
}

await runProgram({
  "machines": (rounds) => timeFan(rounds, () => run(rounds, startMachine)),
  "transitions": (rounds) => timeFan(rounds, () => run(rounds, startTransition)),
});
