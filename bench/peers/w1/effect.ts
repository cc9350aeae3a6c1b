import { Effect, Stream } from "effect";
import type { Counted } from "../../harness/payload.ts";
import { runProgram } from "../../harness/program.ts";
import { type Goods, STAGES, timeChain, variantsOf } from "../../w1/chain.ts";

// A stream with a stage for each step: pulled in chunks, nothing is stored.

function mapped<T extends Counted>(count: number, { make, next }: Goods<T>): Promise<number> {
  let stream = Stream.map(Stream.range(0, count - 1), make);
  for (let i = 0; i < STAGES; i++) stream = Stream.map(stream, next);
  return Effect.runPromise(Stream.runFold(stream, () => 0, (sum, item) => sum + item.v));
}

function promised<T extends Counted>(count: number, { make, next }: Goods<T>): Promise<number> {
  let stream: Stream.Stream<T> = Stream.map(Stream.range(0, count - 1), make);
  for (let i = 0; i < STAGES; i++) stream = Stream.mapEffect(stream, (item) => Effect.promise(async () => next(item)));
  return Effect.runPromise(Stream.runFold(stream, () => 0, (sum, item) => sum + item.v));
}

await runProgram(variantsOf((goods) => ({
  "sync": (count) => timeChain(count, () => mapped(count, goods)),
  "async": (count) => timeChain(count, () => promised(count, goods)),
})));
