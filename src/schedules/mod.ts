/**
 * Jobs at fixed times: a schedule is a durable job that sleeps until its next instant, starts a job then, and sleeps again. Any number of
 * processes may declare it; each of its instants has one job. Import it from `@routilux/routilux/schedules`.
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
 * const flow = new Flow({ id: "reports", registry, engine });
 * const report = flow.addRoutine(new Report(), "report");
 *
 * const times = { cron: "0 3 * * MON-FRI", timeZone: "Europe/Berlin" };
 * const nightly = await schedule(engine, "nightly", times, flow, report, { team: "sales" });
 * // engine.work() runs it: its jobs are "nightly@2026-03-02T02:00:00.000Z" and so on
 * await nightly.cancel(); // ends the schedule; jobs that have started go on
 * await engine.close();
 * ```
 *
 * @module
 */
export { Schedule, type Timetable } from "./schedule_routine.ts";
export type { Times } from "./instants.ts";
export { schedule, type ScheduleOptions } from "./schedule.ts";
