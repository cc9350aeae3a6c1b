import { webIds } from "../../host/web_ids.ts";
import type { Store } from "../../ports/store.ts";
import { forkStored } from "../../stored_fork.ts";
import type { Call, Command } from "../command.ts";
import { EXIT, type ExitCode } from "../failure.ts";
import { loadJob } from "../stored_documents.ts";
import { STORE_OPTION, withStore } from "../stores.ts";

/** `routilux fork`: a new job from an earlier state of another. */
export const fork: Command = {
  name: "fork",
  about: "start a new job from the state that a job had at a revision",
  args: ["JOB", "REVISION"],
  options: { ...STORE_OPTION, id: { value: "JOB", about: "the id of the new job; a random one by default" } },
  notes: ["A worker takes the new job up. One that was paused at the revision stays paused."],
  run: (call) => withStore(call, (store) => run(call, store)),
};

async function run(call: Call, store: Store): Promise<ExitCode> {
  const [jobId, revision, id] = [call.arg(0), call.wholeArg(1, 0), call.name("id")];
  const stored = await loadJob(store, jobId);
  const forked = await forkStored(store, stored, revision, { jobId: id, ids: webIds(), now: call.host.timers.now() });
  await call.print.answer(
    { jobId: forked.jobId, from: { jobId, revision }, status: forked.status },
    () => [`${forked.jobId} is stored, ${forked.status} as ${jobId} was at revision ${revision}`],
  );
  return EXIT.done;
}
