import { Logger, makeWorkerUtils, run } from "graphile-worker";
import { type Contestant, inBatches, repeat } from "../fleet/contestant.ts";

// A job is a chain of jobs: it has no steps. Jobs are fetched and completed in batches, as its documentation advises for throughput.

const logger = new Logger(() => () => {});

/** graphile-worker. */
export const contestant: Contestant = {
  remaining:
    `SELECT count(*) AS count FROM graphile_worker._private_jobs j JOIN graphile_worker._private_tasks t ON t.id = j.task_id
    WHERE t.identifier = 'step' AND run_at < now() + interval '1 hour'`,
  async work(address, concurrency, echoed) {
    const runner = await run({
      connectionString: address,
      noHandleSignals: true,
      logger,
      preset: {
        worker: {
          concurrentJobs: concurrency,
          maxPoolSize: 20,
          localQueue: { size: concurrency + 1 },
          completeJobBatchDelay: 0,
          failJobBatchDelay: 0,
        },
      },
      taskList: {
        step: async (payload, { addJob }) => {
          const { left } = payload as { left: number };
          if (left > 1) await addJob("step", { left: left - 1 });
        },
        echo: (payload) => echoed((payload as { sentAt: number }).sentAt),
      },
    });
    return () => runner.stop();
  },
  async open(address) {
    const utils = await makeWorkerUtils({ connectionString: address, logger });
    return {
      startJobs: (count, left) =>
        inBatches(count, (size) => utils.addJobs(repeat(size, () => ({ identifier: "step", payload: { left } })))),
      echo: async (sentAt, waits) =>
        void await utils.addJob("echo", { sentAt }, waits ? { runAt: new Date(sentAt) } : {}),
      sleep: (count, runAt) =>
        inBatches(count, (size) => {
          return utils.addJobs(repeat(size, () => ({ identifier: "step", payload: { left: 1 }, runAt })));
        }),
      close: async () => await utils.release(),
    };
  },
};
