import { JobState } from "@routilux/routilux";
import { finishJob, pendingFlow, pendingJob, registry } from "../harness/pending_job.ts";
import { runProgram } from "../harness/program.ts";
import { timeSnapshots } from "./snapshot.ts";

// The limit of the job's own document, whose values are frozen, and which says of each task where it goes and came from.

const flow = pendingFlow();

await runProgram({
  "document": async (count) => {
    const document = (await pendingJob(flow, count)).toJSON();
    return timeSnapshots(count, {
      write: () => JSON.stringify(document),
      read: (text): unknown => JSON.parse(text),
      finish: (copy) => finishJob(flow, JobState.fromJSON(copy, registry)),
    });
  },
});
