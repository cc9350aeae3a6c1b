import { Effect } from "effect";
import { type Counted, countUp } from "../../harness/payload.ts";
import { runProgram } from "../../harness/program.ts";
import { timeFan, WORKERS } from "../../w2/fan.ts";

// An effect for each worker; the aggregator is the code that gets their results.

function run(rounds: number, work: (item: Counted) => Effect.Effect<Counted>): Promise<number> {
  return Effect.runPromise(Effect.gen(function* () {
    let sum = 0;
    for (let v = 0; v < rounds; v++) {
      const workers = Array.from({ length: WORKERS }, () => work({ v }));
      for (const item of yield* Effect.all(workers, { concurrency: "unbounded" })) sum += item.v;
    }
    return sum;
  }));
}

await runProgram({
  "sync": (rounds) => timeFan(rounds, () => run(rounds, (item) => Effect.sync(() => countUp(item)))),
  "async": (rounds) => timeFan(rounds, () => run(rounds, (item) => Effect.promise(async () => countUp(item)))),
});
