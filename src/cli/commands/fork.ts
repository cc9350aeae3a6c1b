import { hasEnded } from "../../job/job.ts";
import { placeOf } from "../../engine/durable/place.ts";
import { isName } from "../../base/options.ts";
import { webIds } from "../../host/web_ids.ts";
import type { Store } from "../../ports/store.ts";
import type { Call, Command } from "../command.ts";
import { CommandError, EXIT, type ExitCode } from "../failure.ts";
import { loadJob, readStored } from "../stored_documents.ts";
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
  const [jobId, revision] = [call.arg(0), call.wholeArg(1, 0)];
  const stored = await loadJob(store, jobId);
  const { job, state } = readStored(stored, revision);
  const name = `job ${JSON.stringify(jobId)}`;
  if (hasEnded(state.status)) {
    throw new CommandError(EXIT.store, `${name} had ended at revision ${revision}; choose an earlier one`);
  }
  const id = call.value("id") ?? webIds().id();
  if (!isName(id)) throw call.misuse(`--id is ${JSON.stringify(id)}, which no job can have as its id`);
  const now = call.host.timers.now();
  const { createdAt, flowHash, flowId, priority, queue, tags } = stored.record;
  const [answer] = await store.create([{
    ...{ createdAt, flowHash, flowId, priority, queue, tags, parentId: undefined, flow: stored.flow },
    ...placeOf(state, now),
    jobId: id,
    token: webIds().id(),
    snapshot: JSON.stringify({ ...job, jobId: id }),
    claim: undefined,
  }]);
  if (answer?.isNew !== true) {
    throw new CommandError(EXIT.store, `the store has a job ${JSON.stringify(id)} already; choose another --id`);
  }
  await call.print.answer(
    { jobId: id, from: { jobId, revision }, status: state.status },
    () => [`${id} is stored, ${state.status} as ${jobId} was at revision ${revision}`],
  );
  return EXIT.done;
}
