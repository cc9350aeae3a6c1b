import type { AskOptions } from "../ask_options.ts";
import type { Flow } from "../flow.ts";
import type { JobHandle } from "../job_handle.ts";
import { forkStored } from "../stored_fork.ts";
import { FieldReader, type Fields } from "./body.ts";
import { RequestError, withData } from "./failure.ts";
import { findFlowOfJob } from "./flows.ts";
import { hasEnded } from "../job/job.ts";
import { PRIORITIES } from "../job/task.ts";
import type { RedriveData } from "../repair.ts";
import { isRecord } from "../values/json.ts";
import { noSuchJob, type StudioHost } from "./studio_host.ts";

/** The acts on a job. */
export type ActName = "pause" | "resume" | "cancel" | "redrive" | "discard" | "deliver" | "fork" | "start" | "delete";

/** The outcome of an act: it is stored for the engine that has the job, or done. */
export interface ActResult {
  readonly act: ActName;
  /** The job on which it has acted: for a fork and a start, the new one. */
  readonly jobId: string;
  /** `stored` is carried out by the worker that has the job or takes it next; `done` is done. */
  readonly outcome: "stored" | "done";
  /** The key by which its outcome can be asked for, where it is stored. */
  readonly key?: string;
}

/** Stored commands: what is asked of a handle. */
const COMMANDS: Readonly<
  Record<
    "pause" | "resume" | "cancel" | "redrive" | "discard" | "deliver",
    (handle: JobHandle, body: FieldReader, options: AskOptions) => Promise<void>
  >
> = {
  pause(handle, body, options) {
    const [reason, graceMs] = [body.text("reason"), body.whole("graceMs")];
    return ask(body, () =>
      handle.pause({
        ...options,
        ...(reason === undefined ? {} : { reason }),
        ...(graceMs === undefined ? {} : { graceMs }),
      }));
  },
  resume: (handle, body, options) => ask(body, () => handle.resume(options)),
  cancel(handle, body, options) {
    const reason = body.text("reason");
    return ask(body, () => handle.cancel({ ...options, ...(reason === undefined ? {} : { reason }) }));
  },
  redrive(handle, body, options) {
    const [failures, maxRetries] = [body.list("failures")?.map(choiceOf), body.whole("maxRetries")];
    return ask(body, () =>
      handle.redrive({
        ...options,
        ...(failures === undefined ? {} : { failures }),
        ...(maxRetries === undefined ? {} : { maxRetries }),
      }));
  },
  discard(handle, body, options) {
    const failures = body.list("failures")?.map(idOf) ?? true;
    return ask(body, () => handle.discard(failures, options));
  },
  deliver(handle, body, options) {
    const [routine, slot, data = {}] = [body.needed("routine"), body.needed("slot"), body.value("data")];
    return ask(body, () => handle.deliver({ routine, slot }, data, options));
  },
};

/** A failure that is meant: the id of its task. */
function idOf(value: unknown): number {
  if (typeof value === "number" && Number.isSafeInteger(value)) return value;
  throw new RequestError(400, "failures must be a list of the ids of tasks");
}

/** A failure that becomes a task again, perhaps with other data. */
function choiceOf(value: unknown): number | RedriveData {
  if (!isRecord(value)) return idOf(value);
  const { data, taskId, ...others } = value;
  if (Object.keys(others).length === 0 && "data" in value) return { taskId: idOf(taskId), data };
  throw new RequestError(400, "failures must be a list of the ids of tasks, or of { taskId, data }");
}

function ask(body: FieldReader, call: () => Promise<void>): Promise<void> {
  body.end();
  return withData(call);
}

/**
 * Does what a user asks for, by the parts of the request's body.
 *
 * @throws {RequestError} for parts that are missing, unknown, or of the wrong kind, and for a job that is not there
 * @throws {StateError} when the job does not allow it
 */
export async function act(host: StudioHost, name: ActName, jobId: string, fields: Fields): Promise<ActResult> {
  const body = new FieldReader(fields);
  if (name === "fork") return await fork(host, jobId, body);
  if (name === "start") return await startJob(await findFlowOfJob(host, jobId), fields);
  if (name === "delete") return await remove(host, jobId, body);
  const known = body.text("key");
  // Of a key that was given before, the handle does not ask where the job stands now: it may have been carried out.
  if (known === undefined && (name === "redrive" || name === "discard")) await checkFailures(host, name, jobId, body);
  const key = known ?? host.ids.id();
  const handle = await withData(() => Promise.resolve(host.engine.handle(jobId)));
  await COMMANDS[name](handle, body, { key });
  return { act: name, jobId, outcome: "stored", key };
}

/** Checks that a job has the named failures, and has ended where it is to go on with them. */
async function checkFailures(
  host: StudioHost,
  name: "redrive" | "discard",
  jobId: string,
  body: FieldReader,
): Promise<void> {
  const { failures = [], pendingTasks, status } = host.read(await host.load(jobId)).job;
  if (name === "redrive" && !hasEnded(status)) {
    throw new RequestError(409, `The job is ${status}: only one that has ended can be redriven`);
  }
  const known = new Set(failures.map(({ task }) => task.id));
  for (const it of body.list("failures")?.map(choiceOf) ?? []) {
    const id = typeof it === "number" ? it : it.taskId;
    if (!known.has(id)) {
      throw new RequestError(409, `The job has no failure of task ${id}: it was discarded or redriven`);
    }
  }
  const isFinished = failures.every(({ handled }) => handled === true) && pendingTasks.length === 0;
  if (name === "redrive" && isFinished) throw new RequestError(409, "The job has no failure and no task to go on with");
}

async function fork(host: StudioHost, jobId: string, body: FieldReader): Promise<ActResult> {
  const [revision, id] = [body.whole("revision"), body.text("jobId")];
  body.end();
  if (revision === undefined) throw new RequestError(400, "revision is missing");
  const stored = await host.load(jobId);
  host.read(stored, revision);
  const options = { jobId: id, ids: host.ids, now: host.timers.now() };
  const record = await withData(() => forkStored(host.store, stored, revision, options));
  return { act: "fork", jobId: record.jobId, outcome: "done" };
}

/**
 * Starts a job of a flow, by the parts of the request's body.
 *
 * @throws {RequestError} for parts that are missing, unknown, or of the wrong kind
 * @throws {StateError} when the id is taken
 */
export async function startJob(flow: Flow, fields: Fields): Promise<ActResult> {
  const body = new FieldReader(fields);
  const [routine, slot, params = {}] = [body.needed("routine"), body.needed("slot"), body.value("params")];
  const options = {
    jobId: body.text("jobId"),
    queue: body.text("queue"),
    priority: body.word("priority", PRIORITIES),
    at: body.instant("at"),
    tags: body.texts("tags"),
  };
  body.end();
  const started = await withData(() => flow.start(flow.slot(routine, slot), params, { ...options, ifExists: "throw" }));
  return { act: "start", jobId: started.jobId, outcome: "done" };
}

async function remove(host: StudioHost, jobId: string, body: FieldReader): Promise<ActResult> {
  body.end();
  if (!await host.engine.delete(jobId)) throw noSuchJob(jobId);
  return { act: "delete", jobId, outcome: "done" };
}
