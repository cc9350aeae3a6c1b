import { type Context, type Event, type ExpectTimeout, Registry, Routine, type Slot } from "../../mod.ts";

/** A day, in milliseconds. */
export const DAY = 86_400_000;

/** An answer to a request for approval. */
export interface Answer {
  readonly by: string;
}

/** Asks for an approval, and escalates when nobody has answered within seven days: `expect` waits for the answer. */
export class Approval extends Routine {
  readonly trigger: Slot<unknown> = this.addSlot("trigger", this.ask);
  readonly answer: Slot<Answer> = this.addSlot("answer", this.approve);
  readonly escalation: Slot<ExpectTimeout> = this.addSlot("escalation", this.escalate);

  ask(_request: unknown, ctx: Context): void {
    ctx.expect(this.answer, { timeoutMs: 7 * DAY, onTimeout: this.escalation });
  }

  approve({ by }: Answer, ctx: Context): void {
    ctx.output("approved", by);
  }

  escalate({ slot, timeoutMs }: ExpectTimeout, ctx: Context): void {
    ctx.output("escalated", { slot, timeoutMs });
  }
}

/** The same with a reminder after seven days, which the answer takes back: the answer is awaited for ever. */
export class RemindedApproval extends Routine {
  readonly trigger: Slot<unknown> = this.addSlot("trigger", this.ask);
  readonly answer: Slot<Answer> = this.addSlot("answer", this.approve);
  readonly escalation: Event<object> = this.addTimer("escalation", this.escalate);

  ask(_request: unknown, ctx: Context): void {
    ctx.expect(this.answer);
    ctx.emit(this.escalation, {}, { delayMs: 7 * DAY, key: "escalation" });
  }

  approve({ by }: Answer, ctx: Context): void {
    ctx.cancelEmit(this.escalation, "escalation");
    ctx.output("approved", by);
  }

  escalate(_data: object, ctx: Context): void {
    ctx.output("escalated");
  }
}

/** Makes a registry of both. */
export function approvals(): Registry {
  return new Registry({ Approval, RemindedApproval });
}
