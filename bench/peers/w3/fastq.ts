import fastq from "fastq";
import { runProgram } from "../../harness/program.ts";
import { AT_ONCE, timeWaits } from "../../w3/waits.ts";

await runProgram({
  async: (count) =>
    timeWaits(count, (service) => {
      const queue = fastq.promise(() => service.call(), AT_ONCE);
      return Promise.all(Array.from({ length: count }, () => queue.push(null)));
    }),
});
