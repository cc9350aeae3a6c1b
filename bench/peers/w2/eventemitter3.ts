import { EventEmitter } from "eventemitter3";
import { type Counted, countUp } from "../../harness/payload.ts";
import { runProgram } from "../../harness/program.ts";
import { Sink } from "../../harness/sink.ts";
import { timeFan, WORKERS } from "../../w2/fan.ts";

// One event which all workers listen to, and one which the aggregator listens to.

function run(rounds: number): Promise<number> {
  const sink = new Sink(rounds * WORKERS);
  const emitter = new EventEmitter();
  emitter.on("result", (item: Counted) => sink.add(item));
  for (let i = 0; i < WORKERS; i++) emitter.on("work", (item: Counted) => void emitter.emit("result", countUp(item)));
  for (let v = 0; v < rounds; v++) emitter.emit("work", { v });
  return sink.done;
}

await runProgram({ sync: (rounds) => timeFan(rounds, () => run(rounds)) });
