import { runProgram } from "../harness/program.ts";
import { AT_ONCE, timeWaits } from "./waits.ts";

// The limit: as many loops as calls may wait at once, with a shared counter.

await runProgram({
  "loop": (count) =>
    timeWaits(count, async (service) => {
      let begun = 0;
      const loop = async (): Promise<void> => {
        while (begun < count) {
          begun++;
          await service.call();
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, loop));
    }),
});
