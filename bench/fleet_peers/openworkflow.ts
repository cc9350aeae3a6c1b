import { OpenWorkflow } from "openworkflow";
import { BackendPostgres } from "openworkflow/postgres";
import { type Contestant, inBatches, repeat } from "../fleet/contestant.ts";

// Workflows of steps. How often it polls cannot be set.

async function connect(address: string, echoed: (sentAt: number) => void) {
  const backend = await BackendPostgres.connect(address);
  const client = new OpenWorkflow({ backend });
  const steps = client.defineWorkflow<{ count: number }, void>({ name: "steps" }, async ({ input, step }) => {
    for (let n = 0; n < input.count; n++) await step.run({ name: `step ${n}` }, () => n);
  });
  const echo = client.defineWorkflow<{ sentAt: number }, void>({ name: "echo" }, async ({ input, step }) => {
    await step.run({ name: "echo" }, () => echoed(input.sentAt));
  });
  return { backend, client, steps, echo };
}

/** openworkflow. */
export const contestant: Contestant = {
  remaining: `SELECT count(*) AS count FROM openworkflow.workflow_runs
    WHERE workflow_name = 'steps' AND status IN ('pending', 'running', 'sleeping')`,
  async work(address, concurrency, echoed) {
    const { backend, client } = await connect(address, echoed);
    const worker = client.newWorker({ concurrency });
    await worker.start();
    return async () => {
      await worker.stop();
      await backend.stop();
    };
  },
  async open(address) {
    const { backend, steps, echo } = await connect(address, () => {});
    return {
      startJobs: (count, steps_) =>
        inBatches(count, async (size) => void await Promise.all(repeat(size, () => steps.run({ count: steps_ })))),
      echo: async (sentAt, waits) => void await echo.run({ sentAt }, waits ? { availableAt: new Date(sentAt) } : {}),
      close: () => backend.stop(),
    };
  },
};
