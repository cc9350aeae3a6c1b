import PQueue from "p-queue";
import { payload } from "../../harness/payload.ts";
import { runProgram } from "../../harness/program.ts";
import { measureMemory } from "../../w6/memory.ts";

await runProgram({
  promises: (count) => {
    let sum = 0;
    const queue = new PQueue({ concurrency: 1, autoStart: false });
    const hold = () => {
      for (let v = 0; v < count; v++) {
        const item = payload(v);
        void queue.add(async () => void (sum += item.v));
      }
      return queue;
    };
    return measureMemory(count, hold, async () => {
      queue.start();
      await queue.onIdle();
      return sum;
    });
  },
});
