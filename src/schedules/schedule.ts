import { StateError } from "../base/errors.ts";
import { formatInstant } from "../base/instant.ts";
import { checkName, checkOptions, checkWord } from "../base/options.ts";
import { decodeCommand } from "../documents/command.ts";
import type { Engine } from "../engine.ts";
import { pauseAfter } from "../engine/durable/retry_pause.ts";
import { readClock } from "../engine/durable/store_clock.ts";
import type { StoreSession } from "../engine/durable/store_session.ts";
import { type EngineHost, hostOf } from "../engine/execution/engine_host.ts";
import { whereLive } from "../engine/execution/stored_flow_jobs.ts";
import { Flow } from "../flow.ts";
import type { JobHandle } from "../job_handle.ts";
import { type EntryParams, type EntryPoint, entryTarget } from "../model/entry_point.ts";
import type { JobRecord, StoredCommand } from "../ports/store.ts";
import { validate } from "../values/standard_schema.ts";
import { checkTimes } from "./instants.ts";
import { Schedule, type Timetable } from "./schedule_routine.ts";

/** The options of `schedule`. */
export interface ScheduleOptions {
  /** When: five fields, as cron has them, six with seconds first, or a word such as `@daily`. */
  readonly cron: string;
  /** The time zone of its hours, by its name: `"Europe/Berlin"`. @default {"UTC"} */
  readonly timeZone?: string;
  /**
   * What becomes of instants that nobody was there for, and that are more than a minute old when somebody is: all have their job, the
   * last one has, or none. @default {"once"}
   */
  readonly missed?: "skip" | "once" | "all";
}

const flows: WeakMap<EngineHost, Flow> = new WeakMap();
const FLOW_ID = "routilux/schedule";

/**
 * Declares a schedule: from now on a job is started at each of its instants, by whatever worker of the store is there. The id of each
 * is the schedule's name and the instant, as in `nightly@2026-03-02T02:00:00.000Z`; each is started once, however many processes
 * declare the schedule. Where it has been declared before, the last declaration counts, from the next instant on; one that was cancelled
 * begins anew.
 *
 * An hour that is missing when clocks are set forward: a job that would begin in it begins at its end. An hour that comes twice: a job
 * at fixed times begins once at each of them, the first time; one that begins every few minutes or hours, by a `*` or a step in seconds,
 * minutes or hours, is skipped in the missing hour, and begins in both of those that are the same.
 *
 * @param engine an engine with a store and a registry
 * @param name the schedule's name; its own job has the id `schedule/` and this name
 * @param options the times
 * @param flow the flow of the jobs, as it is now
 * @param entry the slot where each job begins, or a routine with a slot named `trigger`
 * @param params the data for that slot
 * @returns a handle of the schedule's own job: `cancel()` ends the schedule
 * @throws {TypeError} for a cron text that is none or never comes, a time zone that there is not, an entry that is not in the flow, a flow
 * that another process could not build, and an engine without store or registry
 * @throws {RangeError} for a name with which the ids of the jobs would be too long
 * @throws {SchemaError} when the entry's schema refuses the params
 * @throws {SerializationError} naming the path of params that cannot travel
 * @throws {StateError} when nobody works, and the schedule was changed so often that its inbox is full
 * @throws {StoreError} when the store keeps failing
 *
 * @example
 * ```ts
 * import { Engine, Flow, Registry, Routine } from "@routilux/routilux";
 * import { schedule } from "@routilux/routilux/schedules";
 * import { memoryStore } from "@routilux/routilux/stores/memory";
 *
 * class Report extends Routine {
 *   readonly trigger = this.addSlot("trigger", this.write);
 *   write(_params: { team: string }): void {}
 * }
 * const registry = new Registry({ Report });
 * const engine = new Engine({ registry, store: memoryStore() });
 * const flow = new Flow({ id: "reports", engine });
 * const report = flow.addRoutine(new Report(), "report");
 *
 * const times = { cron: "0 3 * * MON-FRI", timeZone: "Europe/Berlin" };
 * const nightly = await schedule(engine, "nightly", times, flow, report, { team: "sales" });
 * await nightly.cancel(); // the end of the schedule; jobs that have started go on
 * await engine.close();
 * ```
 */
export async function schedule<E extends EntryPoint>(
  engine: Engine,
  name: string,
  options: ScheduleOptions,
  flow: Flow,
  entry: E,
  params: EntryParams<E>,
): Promise<JobHandle> {
  const action = `Cannot schedule ${JSON.stringify(name)}`;
  checkName("Cannot schedule jobs", "name", name);
  checkName("Cannot schedule jobs", "id of the jobs, the name and an instant,", `${name}@${formatInstant(0)}`);
  checkOptions<ScheduleOptions>(action, options, { cron: true, timeZone: true, missed: true });
  const { cron, timeZone = "UTC", missed = "once" } = options;
  checkWord(action, "missed", missed, ["skip", "once", "all"]);
  const host = hostOf(engine, action);
  const jobId = `schedule/${name}`;
  if (host.store !== undefined) await readClock(host.store.session, { jobId, flowId: FLOW_ID });
  const declaredAt = host.timers.now();
  checkTimes(action, { cron, timeZone }, declaredAt);
  const target = entryTarget(action, flow, entry);
  const { schema } = flow.slot(target.routine, target.slot);
  if (schema !== undefined) validate(schema, params, `${action}: params for slot "${target.slot}"`);
  const timetable: Timetable = { name, cron, timeZone, declaredAt, missed, flow: flow.toJSON(), entry: target, params };
  const own = flowOf(host, engine, action);
  for (;;) {
    const started = await own.start("schedule", timetable, { jobId });
    const session = host.store?.session;
    // There is a session: an engine without a store has refused to start it.
    if (started.isNew || session === undefined) return started;
    if (await change(started, timetable) && !isOver(await look(jobId, session))) return started;
    await remove(jobId, session);
  }
}

/** Sends a timetable to the job of a schedule. Returns false when it has ended, or was deleted. */
async function change(own: JobHandle, timetable: Timetable): Promise<boolean> {
  try {
    await own.deliver({ routine: "schedule", slot: "change" }, timetable);
    return true;
  } catch (error) {
    if (error instanceof StateError && error.reason !== "full") return false;
    throw error;
  }
}

/** The job of a schedule, and whether its inbox has a cancel that nobody has carried out. */
interface Look {
  readonly record: JobRecord;
  readonly isCancelled: boolean;
}

function look(jobId: string, session: StoreSession): Promise<Look | undefined> {
  const { store, timers } = session;
  return session.attempt({ jobId, flowId: FLOW_ID }, async () => {
    const before = await store.find(jobId);
    if (before === undefined) return undefined;
    const { commands } = await store.inbox(before, before.consumed, timers.now());
    // A cancel that was not in the inbox any more has had its effect by now.
    const record = await store.find(jobId);
    return record && { record, isCancelled: commands.some(isCancel) };
  });
}

function isCancel({ text }: StoredCommand): boolean {
  try {
    return decodeCommand(text).type === "cancel";
  } catch {
    // One that nobody can read is refused when it is carried out.
    return false;
  }
}

/** Whether the schedule has ended, or will before it looks at a timetable. */
function isOver(found: Look | undefined): boolean {
  return found === undefined || found.isCancelled || found.record.endedAt !== undefined;
}

/** Removes the job of a schedule that is over, as soon as nobody has it: it begins anew. One that others have begun since stays. */
async function remove(jobId: string, session: StoreSession): Promise<void> {
  for (let looks = 1;; looks++) {
    const found = await look(jobId, session);
    if (found === undefined || !isOver(found)) return;
    const { record } = found;
    if (whereLive(record, session) === undefined) {
      await session.attempt(record, () => session.store.delete(record));
      return;
    }
    await pauseAfter(looks, session);
  }
}

function flowOf(host: EngineHost, engine: Engine, action: string): Flow {
  const known = flows.get(host);
  if (known !== undefined) return known;
  const { registry } = host;
  if (registry === undefined) throw new TypeError(`${action}: the engine has no registry; give new Engine() one`);
  if (registry.nameOf(Schedule) === undefined) registry.register({ "routilux/Schedule": Schedule });
  const flow = new Flow({ id: FLOW_ID, engine, registry, limits: { history: 100 } });
  const routine = flow.addRoutine(new Schedule(), "schedule");
  flow.connect(routine.next, routine.due);
  flows.set(host, flow);
  return flow;
}
