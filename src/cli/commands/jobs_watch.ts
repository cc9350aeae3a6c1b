import type { JobDocument } from "../../documents/job.ts";
import type { Call, Command } from "../command.ts";
import { EXIT, type ExitCode } from "../failure.ts";
import { printable } from "../printable.ts";
import { Progress } from "../progress.ts";
import { STORE_OPTION, withStore } from "../stores.ts";
import { type JobChange, watchJob } from "../watch_job.ts";

/** `routilux jobs watch`: follows a job. */
export const jobsWatch: Command = {
  name: "jobs watch",
  about: "follow a job until it has ended: a line for each thing that changes, and on a terminal how far it has come",
  args: ["JOB"],
  options: STORE_OPTION,
  notes: ["In JSON each line is one difference. The exit code is 1 when the job has failed or was cancelled."],
  run: (call) =>
    withStore(call, async (store): Promise<ExitCode> => {
      const progress = new Progress(call.host, "tasks", 0);
      const onChange = async (change: JobChange) => {
        await progress.end();
        await say(call, change);
      };
      const onLook = ({ nextTaskId, pendingTasks }: JobDocument) => {
        const made = nextTaskId - 1;
        progress.reach(made - pendingTasks.length, made);
      };
      try {
        const status = await watchJob(store, call.arg(0), call.host, onChange, onLook);
        return status === "completed" ? EXIT.done : EXIT.no;
      } finally {
        await progress.end();
      }
    }),
};

async function say(call: Call, change: JobChange): Promise<void> {
  if (call.print.isJson) await call.print.text(`${JSON.stringify(change)}\n`);
  else await call.print.lines([`${change.at}  ${printable(change.message)}`]);
}
