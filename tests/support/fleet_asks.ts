import type { Context, Event, ExpectTimeout, Slot } from "../../mod.ts";
import { RenamedRoutine } from "./renamed_routine.ts";

/** Waits for an answer from outside, for some time or without end. */
export class Asks extends RenamedRoutine {
  readonly trigger: Slot<{ timeoutMs?: number }> = this.addSlot("trigger", this.ask);
  readonly answer: Slot<object> = this.addSlot(this.wordFor("answer"), this.take);
  readonly done: Event<object> = this.addEvent<object>(this.wordFor("done"));
  ask({ timeoutMs }: { timeoutMs?: number }, ctx: Context): void {
    ctx.expect(this.answer, timeoutMs === undefined ? {} : { timeoutMs });
  }
  async take(data: object, ctx: Context): Promise<void> {
    await Promise.resolve();
    ctx.shared.update<readonly object[]>("answers", (all = []) => [...all, data].sort(byText));
    ctx.emit(this.done, {});
  }
}

/** Waits for an answer, but not for long. */
export class AsksBriefly extends Asks {
  override ask(_: object, ctx: Context): void {
    ctx.expect(this.answer, { timeoutMs: 2_300 });
  }
}

/** Waits for an answer, but not for long: then it goes on without. What it would have done meanwhile is taken back. */
export class Escalates extends Asks {
  readonly late: Slot<ExpectTimeout> = this.addSlot(this.wordFor("late"), this.giveUp);
  readonly reminder: Event<object> = this.addTimer(this.wordFor("reminder"), this.remind);
  override ask(_: object, ctx: Context): void {
    ctx.expect(this.answer, { timeoutMs: 2_300, onTimeout: this.late });
    ctx.emit(this.reminder, {}, { delayMs: 30 * 86_400_000, key: "reminder" });
  }
  override async take(data: object, ctx: Context): Promise<void> {
    await super.take(data, ctx);
    ctx.cancelEmit(this.reminder, "reminder");
  }
  giveUp({ timeoutMs }: ExpectTimeout, ctx: Context): void {
    ctx.shared.set("late", timeoutMs);
    ctx.cancelEmit(this.reminder, "reminder");
    ctx.emit(this.done, {});
  }
  remind(_: object, ctx: Context): void {
    ctx.output("reminded", ctx.routineId);
  }
}

function byText(a: object, b: object): number {
  const [first, second] = [JSON.stringify(a), JSON.stringify(b)];
  return first < second ? -1 : first > second ? 1 : 0;
}
