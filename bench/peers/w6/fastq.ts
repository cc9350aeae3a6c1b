import fastq from "fastq";
import { type Payload, payload } from "../../harness/payload.ts";
import { runProgram } from "../../harness/program.ts";
import { measureMemory } from "../../w6/memory.ts";

await runProgram({
  promises: (count) => {
    let sum = 0;
    const queue = fastq.promise(async (item: Payload) => void (sum += item.v), 1);
    const hold = () => {
      queue.pause();
      for (let v = 0; v < count; v++) void queue.push(payload(v));
      return queue;
    };
    return measureMemory(count, hold, async () => {
      queue.resume();
      await queue.drained();
      return sum;
    });
  },
});
