import { Effect, Queue } from "effect";
import { type Payload, payload } from "../../harness/payload.ts";
import { runProgram } from "../../harness/program.ts";
import { measureMemory } from "../../w6/memory.ts";

await runProgram({
  queue: (count) =>
    measureMemory(count, () =>
      Effect.runPromise(Effect.gen(function* () {
        const queue = yield* Queue.unbounded<Payload>();
        for (let v = 0; v < count; v++) yield* Queue.offer(queue, payload(v));
        return queue;
      })), (queue) =>
      Effect.runPromise(Effect.gen(function* () {
        let sum = 0;
        for (let i = 0; i < count; i++) sum += (yield* Queue.take(queue)).v;
        return sum;
      }))),
});
