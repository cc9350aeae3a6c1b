import { Engine } from "../../engine.ts";
import type { JobHandle } from "../../job_handle.ts";
import { Registry } from "../../values/registry.ts";
import type { Call, Command, CommandOption } from "../command.ts";
import { EXIT, type ExitCode, reasonOf } from "../failure.ts";
import { readText } from "../documents.ts";
import { loadRegistry, REGISTRY_OPTION } from "../registry.ts";
import { STORE_OPTION, withStore } from "../stores.ts";

const KEY_OPTION: Readonly<Record<string, CommandOption>> = {
  key: { value: "TEXT", about: "makes it count once, however often it is asked" },
};
const REASON_OPTION: Readonly<Record<string, CommandOption>> = {
  reason: { value: "TEXT", about: "why, for those who look at the job" },
};
const TASK_OPTION: Readonly<Record<string, CommandOption>> = {
  task: { value: "NUMBER", isList: true, about: "the failure of this task only; may be given several times" },
};
const NOTES = ["It is stored, and carried out by the worker that has the job or takes it next."];

/** `routilux jobs deliver`: gives a job data. */
export const jobsDeliver: Command = {
  name: "jobs deliver",
  about: "deliver data to a slot of a job",
  args: ["JOB", "ROUTINE", "SLOT", "[JSON]"],
  options: { ...STORE_OPTION, ...REGISTRY_OPTION, ...KEY_OPTION },
  notes: [
    "Without JSON an empty object is delivered; with - it comes from the standard input.",
    "With --registry the slot's schema checks the data.",
    ...NOTES,
  ],
  run: async (call) => {
    const text = call.optionalArg(3) ?? "{}";
    const data = dataOf(call, text === "-" ? await readText(call.host, "-") : text);
    return await ask(
      call,
      "delivery",
      (handle, options) => handle.deliver({ routine: call.arg(1), slot: call.arg(2) }, data, options),
    );
  },
};

/** `routilux jobs pause`. */
export const jobsPause: Command = {
  name: "jobs pause",
  about: "pause a job",
  args: ["JOB"],
  options: {
    ...STORE_OPTION,
    ...REASON_OPTION,
    "grace-ms": { value: "NUMBER", about: "for how long running handlers may go on; 1000 by default" },
    ...KEY_OPTION,
  },
  notes: NOTES,
  run: (call) => {
    const graceMs = call.whole("grace-ms", 0);
    return ask(
      call,
      "pause",
      (handle, options) =>
        handle.pause({ ...options, ...reasonIn(call), ...(graceMs === undefined ? {} : { graceMs }) }),
    );
  },
};

/** `routilux jobs resume`. */
export const jobsResume: Command = {
  name: "jobs resume",
  about: "let a paused job go on",
  args: ["JOB"],
  options: { ...STORE_OPTION, ...KEY_OPTION },
  notes: NOTES,
  run: (call) => ask(call, "resume", (handle, options) => handle.resume(options)),
};

/** `routilux jobs cancel`. */
export const jobsCancel: Command = {
  name: "jobs cancel",
  about: "end a job in status cancelled",
  args: ["JOB"],
  options: { ...STORE_OPTION, ...REASON_OPTION, ...KEY_OPTION },
  notes: NOTES,
  run: (call) => ask(call, "cancel", (handle, options) => handle.cancel({ ...options, ...reasonIn(call) })),
};

/** `routilux jobs redrive`. */
export const jobsRedrive: Command = {
  name: "jobs redrive",
  about: "let a job that has failed or was cancelled go on: its failures become tasks again",
  args: ["JOB"],
  options: {
    ...STORE_OPTION,
    ...TASK_OPTION,
    data: { value: "JSON", about: "other data for the one task that --task names" },
    "max-retries": {
      value: "NUMBER",
      about: "how often each task may be tried again, in place of what its error handler says",
    },
    ...KEY_OPTION,
  },
  notes: ["Without --task all failures that are not handled become tasks again.", ...NOTES],
  run: (call) => {
    const [taskId, ...others] = tasksIn(call);
    const [data, maxRetries] = [call.value("data"), call.whole("max-retries", 0)];
    if (data !== undefined && (taskId === undefined || others.length > 0)) {
      throw call.misuse("--data is for one task; name it by --task");
    }
    const failures = taskId === undefined
      ? undefined
      : data === undefined
      ? [taskId, ...others]
      : [{ taskId, data: dataOf(call, data) }];
    return ask(
      call,
      "redrive",
      (handle, options) =>
        handle.redrive({
          ...options,
          ...(failures === undefined ? {} : { failures }),
          ...(maxRetries === undefined ? {} : { maxRetries }),
        }),
    );
  },
};

/** `routilux jobs discard`. */
export const jobsDiscard: Command = {
  name: "jobs discard",
  about: "drop failures of a job: a redrive does not put them back",
  args: ["JOB"],
  options: { ...STORE_OPTION, ...TASK_OPTION, ...KEY_OPTION },
  notes: ["Without --task all failures are dropped.", ...NOTES],
  run: (call) => {
    const tasks = tasksIn(call);
    return ask(
      call,
      "discarding",
      (handle, options) => handle.discard(tasks.length === 0 ? true : tasks, options),
    );
  },
};

/** The tasks whose failures are meant. */
function tasksIn(call: Call): readonly number[] {
  return call.list("task").map((text) => call.wholeOf("--task", text, 1));
}

/** The options of every request. */
interface Asked {
  readonly key?: string;
  readonly signal: AbortSignal;
}

async function ask(
  call: Call,
  what: string,
  request: (handle: JobHandle, options: Asked) => Promise<void>,
): Promise<ExitCode> {
  const registry = await loadRegistry(call) ?? new Registry();
  const [jobId, key] = [call.arg(0), call.name("key")];
  return await withStore(call, async (store) => {
    const { signal, timers } = call.host;
    // The engine only asks: it takes no job, and so never enters the store.
    const engine = new Engine({ store, timers, registry });
    await request(engine.handle(jobId), { signal, ...(key === undefined ? {} : { key }) });
    await call.print.answer(
      { jobId, stored: what, ...(key === undefined ? {} : { key }) },
      () => [`the ${what} is stored`],
    );
    return EXIT.done;
  });
}

function reasonIn(call: Call): { readonly reason?: string } {
  const reason = call.value("reason");
  return reason === undefined ? {} : { reason };
}

function dataOf(call: Call, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw call.misuse(`the data is no JSON: ${reasonOf(cause)}; quote it for the shell, as in '{"n":1}'`);
  }
}
