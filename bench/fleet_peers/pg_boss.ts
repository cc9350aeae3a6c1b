import { PgBoss } from "pg-boss";
import { type Contestant, inBatches, repeat } from "../fleet/contestant.ts";

// A job is a chain of jobs: it has no steps. One call of a handler gets up to 500 of them and settles them together, which no handler that
// does something else for each job can do: not alike. With LISTEN, as its documentation advises for latency.

const QUEUES = ["steps", "echo"];

/** pg-boss. */
export const contestant: Contestant = {
  remaining:
    "SELECT count(*) AS count FROM pgboss.job WHERE name = 'steps' AND state < 'completed' AND start_after < now() + interval '1 hour'",
  async work(address, _concurrency, echoed) {
    const boss = new PgBoss({ connectionString: address, useListenNotify: true, schedule: false });
    boss.on("error", console.error);
    await boss.start();
    for (const name of QUEUES) await boss.createQueue(name, { notify: true });
    const options = { batchSize: 500, pollingIntervalSeconds: 0.5, burstWhenBatchFull: true };
    await boss.work<{ left: number }>("steps", options, async (jobs) => {
      const next = jobs.filter(({ data }) => data.left > 1).map(({ data }) => ({ data: { left: data.left - 1 } }));
      if (next.length > 0) await boss.insert("steps", next);
    });
    await boss.work<{ sentAt: number }>("echo", { batchSize: 1, pollingIntervalSeconds: 0.5 }, ([job]) => {
      if (job !== undefined) echoed(job.data.sentAt);
      return Promise.resolve();
    });
    return () => boss.stop({ graceful: false });
  },
  async open(address) {
    const boss = new PgBoss({ connectionString: address, supervise: false, schedule: false });
    boss.on("error", console.error);
    await boss.start();
    return {
      startJobs: (count, left) =>
        inBatches(count, (size) => boss.insert("steps", repeat(size, () => ({ data: { left } })))),
      echo: async (sentAt, waits) =>
        void await boss.send("echo", { sentAt }, waits ? { startAfter: new Date(sentAt) } : {}),
      sleep: (count, startAfter) =>
        inBatches(count, (size) => boss.insert("steps", repeat(size, () => ({ data: { left: 1 }, startAfter })))),
      close: () => boss.stop({ graceful: false }),
    };
  },
};
