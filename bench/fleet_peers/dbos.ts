import { DBOS, DBOSClient } from "@dbos-inc/dbos-sdk";
import { type Contestant, inBatches, repeat } from "../fleet/contestant.ts";

// Workflows of steps, in a queue that is looked at every 100 ms: the least that its documentation has.

const VERSION = "1";
const silent = { debug() {}, info() {}, warn() {}, error: console.error };

/** DBOS. */
export const contestant: Contestant = {
  remaining:
    "SELECT count(*) AS count FROM dbos.workflow_status WHERE name = 'steps' AND status NOT IN ('SUCCESS', 'ERROR')",
  async work(address, concurrency, echoed) {
    DBOS.setConfig({
      name: "bench",
      systemDatabaseUrl: address,
      systemDatabasePoolSize: 20,
      applicationVersion: VERSION,
      runAdminServer: false,
      logger: silent,
    });
    DBOS.registerWorkflow(async (count: number) => {
      for (let n = 0; n < count; n++) await DBOS.runStep(() => Promise.resolve(n), { name: "step" });
    }, { name: "steps" });
    DBOS.registerWorkflow(async (sentAt: number) => {
      await DBOS.runStep(() => Promise.resolve(echoed(sentAt)), { name: "echo" });
    }, { name: "echo" });
    await DBOS.launch();
    await DBOS.registerQueue("work", { workerConcurrency: concurrency, minPollingIntervalMs: 100 });
    return () => DBOS.shutdown();
  },
  async open(address) {
    const client = await DBOSClient.create({ systemDatabaseUrl: address, logger: silent, applicationName: "bench" });
    const enqueue = (workflowName: string, argument: number, delaySeconds?: number) =>
      client.enqueue({ workflowName, queueName: "work", appVersion: VERSION, delaySeconds }, argument);
    return {
      startJobs: (count, steps) =>
        inBatches(count, async (size) => void await Promise.all(repeat(size, () => enqueue("steps", steps)))),
      echo: async (sentAt, waits) =>
        void await enqueue("echo", sentAt, waits ? (sentAt - Date.now()) / 1_000 : undefined),
      close: () => client.destroy(),
    };
  },
};
