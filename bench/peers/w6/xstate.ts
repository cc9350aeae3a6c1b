import { runProgram } from "../../harness/program.ts";
import { measureMemory } from "../../w6/memory.ts";
import { startJob, sumOf } from "../support/xstate_tasks.ts";

// An actor for each pending item.

await runProgram({ actors: (count) => measureMemory(count, () => startJob(count), sumOf) });
