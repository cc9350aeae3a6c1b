import { finishJob, pendingFlow, pendingJob } from "../harness/pending_job.ts";
import { payload } from "../harness/payload.ts";
import { runProgram } from "../harness/program.ts";
import { measureMemory } from "./memory.ts";

const flow = pendingFlow();

await runProgram({
  "emitted": (count) => measureMemory(count, () => pendingJob(flow, count), (job) => finishJob(flow, job)),
  "delivered": (count) =>
    measureMemory(count, async () => {
      const job = await pendingJob(flow, 0);
      for (let v = 0; v < count; v++) flow.deliver(job, "sum", "input", payload(v));
      return job;
    }, (job) => finishJob(flow, job)),
});
