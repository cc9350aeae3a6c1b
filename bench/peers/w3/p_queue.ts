import PQueue from "p-queue";
import { runProgram } from "../../harness/program.ts";
import { AT_ONCE, timeWaits } from "../../w3/waits.ts";

await runProgram({
  async: (count) =>
    timeWaits(count, (service) => {
      const queue = new PQueue({ concurrency: AT_ONCE });
      return queue.addAll(Array.from({ length: count }, () => () => service.call()));
    }),
});
