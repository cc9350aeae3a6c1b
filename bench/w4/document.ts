import { JobState } from "@routilux/routilux";
import { finishJob, pendingFlow, pendingJob, registry } from "../harness/pending_job.ts";
import { runProgram } from "../harness/program.ts";
import { timeSnapshots } from "./snapshot.ts";

// The limit of the job's own document, which says of each task where it goes and came from.

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
