import fastq from "fastq";
import type { Counted } from "../../harness/payload.ts";
import { runProgram } from "../../harness/program.ts";
import { Sink } from "../../harness/sink.ts";
import { type Goods, STAGES, timeChain, variantsOf } from "../../w1/chain.ts";

// A queue for each stage, one worker each.

function promised<T extends Counted>(count: number, { make, next }: Goods<T>): Promise<number> {
  const sink = new Sink(count);
  let queue = fastq.promise(async (item: T) => sink.add(item), 1);
  for (let i = 0; i < STAGES; i++) {
    const target = queue;
    queue = fastq.promise(async (item: T) => void target.push(next(item)), 1);
  }
  for (let v = 0; v < count; v++) queue.push(make(v));
  return sink.done;
}

type Finish = (done: fastq.done) => void;

function calledBack<T extends Counted>(count: number, { make, next }: Goods<T>, finish: Finish): Promise<number> {
  const sink = new Sink(count);
  let queue = fastq((item: T, done) => {
    sink.add(item);
    finish(done);
  }, 1);
  for (let i = 0; i < STAGES; i++) {
    const target = queue;
    queue = fastq((item: T, done) => {
      target.push(next(item));
      finish(done);
    }, 1);
  }
  for (let v = 0; v < count; v++) queue.push(make(v));
  return sink.done;
}

await runProgram(variantsOf((goods) => ({
  "async": (count) => timeChain(count, () => promised(count, goods)),
  "callback": (count) => timeChain(count, () => calledBack(count, goods, (done) => queueMicrotask(() => done(null)))),
  // Each push runs the worker at once, down to the sink: nothing is ever stored.
  "sync": (count) => timeChain(count, () => calledBack(count, goods, (done) => done(null))),
})));
