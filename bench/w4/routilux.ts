import { JobState } from "@routilux/routilux";
import { finishJob, pendingFlow, pendingJob, registry } from "../harness/pending_job.ts";
import { runProgram } from "../harness/program.ts";
import { timeSnapshots } from "./snapshot.ts";

await runProgram({
  "job": async (count) => {
    const flow = pendingFlow();
    const job = await pendingJob(flow, count);
    return timeSnapshots(count, {
      write: () => job.toText(),
      read: (text) => JobState.fromText(text, registry),
      finish: (copy) => finishJob(flow, copy),
    });
  },
});
