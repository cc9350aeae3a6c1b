import type { Call, Command } from "../command.ts";
import { EXIT, type ExitCode } from "../failure.ts";
import { printable } from "../printable.ts";
import { STORE_OPTION, withStore } from "../stores.ts";
import { type JobChange, watchJob } from "../watch_job.ts";

/** `routilux jobs watch`: follows a job. */
export const jobsWatch: Command = {
  name: "jobs watch",
  about: "follow a job until it has ended: a line for each thing that changes",
  args: ["JOB"],
  options: STORE_OPTION,
  notes: ["In JSON each line is one difference. The exit code is 1 when the job has failed or was cancelled."],
  run: (call) =>
    withStore(call, async (store): Promise<ExitCode> => {
      const status = await watchJob(store, call.arg(0), call.host, (change) => say(call, change));
      return status === "completed" ? EXIT.done : EXIT.no;
    }),
};

async function say(call: Call, change: JobChange): Promise<void> {
  if (call.print.isJson) await call.print.text(`${JSON.stringify(change)}\n`);
  else await call.print.lines([`${change.at}  ${printable(change.message)}`]);
}
