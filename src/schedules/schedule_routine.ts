import { formatInstant } from "../base/instant.ts";
import type { FlowJson } from "../model/child_types.ts";
import type { ConnectionTarget } from "../model/connection.ts";
import type { Context } from "../model/context.ts";
import type { Event } from "../model/event.ts";
import { Routine } from "../model/routine.ts";
import type { Slot } from "../model/slot.ts";
import { lastBefore, nextAfter, type Times } from "./instants.ts";

/** An instant that is more than this past, in milliseconds, has been missed. */
const LATE_MS = 60_000;

/** How many jobs are started in one step. */
const MOST_AT_ONCE = 1_000;

/** What a schedule does, as its job keeps it. */
export interface Timetable extends Times {
  /** The schedule's name: those of its jobs begin with it. */
  readonly name: string;
  /** When it was declared, in milliseconds since 1970: its instants come after that, whoever works when. */
  readonly declaredAt: number;
  /** What becomes of instants that were missed. */
  readonly missed: "skip" | "once" | "all";
  /** The flow of its jobs. */
  readonly flow: FlowJson;
  /** Where they begin. */
  readonly entry: ConnectionTarget;
  /** With what. */
  readonly params: unknown;
}

/**
 * The routine of a schedule's own job; `schedule` registers it. A worker in whose process nothing is scheduled registers it itself.
 *
 * @example
 * ```ts
 * import { Engine, Registry } from "@routilux/routilux";
 * import { Schedule } from "@routilux/routilux/schedules";
 * import { memoryStore } from "@routilux/routilux/stores/memory";
 *
 * const registry = new Registry({ "routilux/Schedule": Schedule });
 * const engine = new Engine({ registry, store: memoryStore() });
 * engine.work(); // also goes on with schedules that other processes have declared
 * await engine.close();
 * ```
 */
export class Schedule extends Routine {
  /** Begins with a timetable. */
  readonly trigger: Slot<Timetable> = this.addSlot("trigger", this.begin);
  /** Goes on with another timetable. */
  readonly change: Slot<Timetable> = this.addSlot("change", this.replan);
  /** An instant has come. */
  readonly due: Slot<{ at: number }> = this.addSlot("due", this.run);
  /** Fires at the next instant. */
  readonly next: Event<{ at: number }> = this.addEvent<{ at: number }>("next");

  /** Waits for the first instant. */
  begin(timetable: Timetable, ctx: Context): void {
    ctx.state.set("timetable", timetable);
    this.wait(nextAfter(timetable, timetable.declaredAt), ctx);
  }

  /** Replaces the timetable. The instant that is being waited for stays, unless the times have changed. */
  replan(timetable: Timetable, ctx: Context): void {
    const before = ctx.state.get<Timetable>("timetable");
    if (before?.cron === timetable.cron && before.timeZone === timetable.timeZone) {
      ctx.state.set("timetable", timetable);
    } else this.begin(timetable, ctx);
  }

  /** Starts the jobs of the instants that have come, and waits for the next one. */
  run({ at }: { at: number }, ctx: Context): void {
    const timetable = ctx.state.get<Timetable>("timetable");
    if (timetable === undefined) return; // Unreachable: it was kept before the first instant was waited for.
    const { name, missed, flow, entry, params } = timetable;
    const now = ctx.now();
    const late = now - LATE_MS;
    let next: number | undefined = missed === "all" || at >= late
      ? at
      // Unreachable default: the instant that was waited for is one of them.
      : Math.max(at, lastBefore(timetable, late) ?? at);
    for (let count = 0; next !== undefined && next <= now && count < MOST_AT_ONCE; count++) {
      if (missed !== "skip" || next >= late) {
        ctx.child(flow, entry, params, { detached: true, jobId: `${name}@${formatInstant(next)}` });
      }
      next = nextAfter(timetable, next);
    }
    this.wait(next, ctx);
  }

  /** Waits for an instant, in place of the one before; without one, the schedule has come to its end. */
  wait(at: number | undefined, ctx: Context): void {
    if (at === undefined) return ctx.cancelEmit(this.next, "next");
    const delayMs = Math.max(0, at - ctx.now());
    // One that has come already waits for the jobs that are being started: they may be too many, or have one for this instant.
    ctx.emit(this.next, { at }, { key: "next", delayMs, ...(delayMs === 0 && { priority: "last" }) });
  }
}
