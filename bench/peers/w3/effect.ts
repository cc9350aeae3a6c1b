import { Effect } from "effect";
import { runProgram } from "../../harness/program.ts";
import { AT_ONCE, timeWaits } from "../../w3/waits.ts";

await runProgram({
  async: (count) =>
    timeWaits(count, (service) => {
      const calls = Array.from({ length: count }, () => Effect.promise(() => service.call()));
      return Effect.runPromise(Effect.all(calls, { concurrency: AT_ONCE, discard: true }));
    }),
});
