import { formatInstant } from "../../base/instant.ts";
import type { JobPage, JobRecord, Store } from "../../ports/store.ts";
import type { Call, Command } from "../command.ts";
import { EXIT, type ExitCode } from "../failure.ts";
import { FILTER_OPTIONS, filterOf, recordJson } from "../filters.ts";
import { STORE_OPTION, withStore } from "../stores.ts";

/** `routilux jobs list`: a page of the jobs of a store. */
export const jobsList: Command = {
  name: "jobs list",
  about: "list the jobs of a store, oldest first",
  args: [],
  options: {
    ...STORE_OPTION,
    ...FILTER_OPTIONS,
    limit: { value: "NUMBER", about: "at most so many; 100 by default" },
    cursor: { value: "CURSOR", about: "go on after an earlier page" },
    newest: { about: "newest first; also for each further page" },
  },
  run: (call) => withStore(call, async (store) => await answer(call, await pageOf(call, store))),
};

/** `routilux count`: how many jobs there are. */
export const count: Command = {
  name: "count",
  about: "count the jobs of a store",
  args: [],
  options: { ...STORE_OPTION, ...FILTER_OPTIONS },
  run: (call) =>
    withStore(call, async (store) => {
      const count = await store.count(filterOf(call));
      await call.print.answer({ count }, () => [String(count)]);
      return EXIT.done;
    }),
};

async function pageOf(call: Call, store: Store): Promise<JobPage> {
  const cursor = call.value("cursor");
  const [filter, limit, newestFirst] = [filterOf(call), call.whole("limit", 1) ?? 100, call.flag("newest")];
  try {
    return await store.list({ ...filter, limit, cursor, newestFirst });
  } catch (error) {
    // The store says so of a text that is no cursor.
    if (cursor === undefined || !(error instanceof TypeError)) throw error;
    throw call.misuse(`--cursor is ${JSON.stringify(cursor)}, and must be one that an earlier page has named`);
  }
}

async function answer(call: Call, { cursor, jobs }: JobPage): Promise<ExitCode> {
  const json = { jobs: jobs.map(recordJson), ...(cursor === undefined ? {} : { cursor }) };
  await call.print.answer(
    json,
    () =>
      call.print.list(
        ["job", "status", "flow", "queue", "created", "due or ended", "held by"],
        jobs.map((it) => rowOf(call, it)),
      ),
  );
  if (cursor !== undefined && !call.print.isJson) {
    await call.print.hint(`There are more: add --cursor ${JSON.stringify(cursor)}`);
  }
  return EXIT.done;
}

function rowOf(
  call: Call,
  { createdAt, dueAt, endedAt, flowId, heldUntil, jobId, owner, queue, status }: JobRecord,
): string[] {
  const at = endedAt ?? dueAt;
  const isHeld = heldUntil !== undefined && heldUntil > call.host.timers.now();
  return [
    jobId,
    status,
    flowId,
    queue,
    formatInstant(createdAt),
    at === undefined ? "" : formatInstant(at),
    isHeld ? String(owner) : "",
  ];
}
