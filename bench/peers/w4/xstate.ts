import { runProgram } from "../../harness/program.ts";
import { timeSnapshots } from "../../w4/snapshot.ts";
import { readJob, startJob, sumOf, writeJob } from "../support/xstate_tasks.ts";

// A snapshot has no events that wait for an actor, but its children: an actor for each pending item.

await runProgram({
  actors: (count) => {
    const actor = startJob(count);
    return timeSnapshots(count, { write: () => writeJob(actor), read: readJob, finish: sumOf });
  },
});
