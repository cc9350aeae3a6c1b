import { Engine } from "../../engine.ts";
import { Registry } from "../../values/registry.ts";
import type { Command } from "../command.ts";
import { EXIT } from "../failure.ts";
import { counted } from "../printable.ts";
import { Progress } from "../progress.ts";
import { noSuchJob } from "../stored_documents.ts";
import { STORE_OPTION, withStore } from "../stores.ts";

/** `routilux jobs delete`: takes a job out of a store. */
export const jobsDelete: Command = {
  name: "jobs delete",
  about: "delete a job that nobody works on, with its journal",
  args: ["JOB"],
  options: STORE_OPTION,
  run: (call) =>
    withStore(call, async (store) => {
      const jobId = call.arg(0);
      const engine = new Engine({ store, timers: call.host.timers, registry: new Registry() });
      if (!await engine.delete(jobId)) throw noSuchJob(jobId);
      await call.print.answer({ jobId, deleted: true }, () => [`${jobId} is deleted`]);
      return EXIT.done;
    }),
};

/** How many jobs are deleted before it is shown how far that is. */
const AT_ONCE = 1_000;

/** `routilux jobs purge`: takes old jobs out of a store. */
export const jobsPurge: Command = {
  name: "jobs purge",
  about: "delete jobs that have ended, and that nobody has asked anything since",
  args: [],
  options: {
    ...STORE_OPTION,
    "ended-before": {
      value: "WHEN",
      about: "jobs that ended before an instant, or longer ago than an age: 2026-01-31, 30d",
    },
    status: { value: "STATUS", about: "jobs in this status only: completed, failed or cancelled" },
    limit: { value: "NUMBER", about: "at most so many" },
  },
  run: async (call) => {
    const endedBefore = call.instant("ended-before");
    if (endedBefore === undefined) throw call.misuse("--ended-before is missing: it says which jobs are old enough");
    const status = call.word("status", ["completed", "failed", "cancelled"]);
    const limit = call.whole("limit", 1);
    return await withStore(call, async (store) => {
      const engine = new Engine({ store, timers: call.host.timers, registry: new Registry() });
      const progress = new Progress(call.host, "jobs", undefined);
      try {
        for (let left = limit ?? Infinity; left > 0;) {
          call.host.signal.throwIfAborted();
          const most = Math.min(left, AT_ONCE);
          const purged = await engine.purge({ endedBefore, ...(status === undefined ? {} : { status }), limit: most });
          await progress.step(purged);
          left = purged < most ? 0 : left - purged;
        }
      } finally {
        await progress.end();
      }
      const purged = progress.done;
      await call.print.answer({ purged }, () => [`${counted(purged, "job is", "jobs are")} deleted`]);
      return EXIT.done;
    });
  },
};
