import { JobState } from "@routilux/routilux";
import { finishJob, pendingFlow, pendingJob, registry } from "../harness/pending_job.ts";
import { runProgram } from "../harness/program.ts";
import { timeSnapshots } from "./snapshot.ts";

// The limit for the job's document, which has the route and the origin of each task.

const flow = pendingFlow();

await runProgram({
  "document": async (count) => {
    const document: unknown = JSON.parse((await pendingJob(flow, count)).toText());
    return timeSnapshots(count, {
      write: () => JSON.stringify(document),
      read: (text): unknown => JSON.parse(text),
      finish: (copy) => finishJob(flow, JobState.fromJSON(copy, registry)),
    });
  },
});
