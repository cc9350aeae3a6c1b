import { checkInteger, checkRange } from "../base/options.ts";
import type { Context } from "../model/context.ts";
import type { Event } from "../model/event.ts";
import { Routine } from "../model/routine.ts";
import type { Slot } from "../model/slot.ts";

/** How many inputs may pass in which time. */
export interface ThrottleOptions {
  /** The most inputs in any such time. */
  readonly count: number;
  /** The time, in milliseconds. */
  readonly intervalMs: number;
}

/**
 * Sends inputs on at a limited rate: in no stretch of `intervalMs` more than `count` of them. Nothing is dropped; what comes
 * too fast waits its turn.
 */
export class Throttle<T = unknown> extends Routine<ThrottleOptions> {
  /** Takes the inputs. */
  readonly input: Slot<T> = this.addSlot<T>("input", this.pass);
  /** Sends the inputs, in the order in which they came. */
  readonly output: Event<T> = this.addEvent<T>("output");

  /**
   * Sets the rate.
   *
   * @throws {RangeError} for a count below 1 or a time below 1 ms
   */
  setRate({ count, intervalMs }: ThrottleOptions): this {
    checkInteger("Cannot set rate", "count", count);
    checkRange("Cannot set rate", "intervalMs", intervalMs, 1, Number.MAX_SAFE_INTEGER);
    return this.setConfig({ count, intervalMs });
  }

  /** The handler of `input`: the state holds the instants of the last `count` sendings, past and to come. */
  pass(data: T, ctx: Context): void {
    const { count = 1, intervalMs = 0 } = this.getConfig();
    const sent = ctx.state.get<readonly number[]>("sent") ?? [];
    const earliest = sent.length < count ? 0 : (sent[0] ?? 0) + intervalMs;
    const at = Math.max(ctx.now(), earliest, sent.at(-1) ?? 0);
    ctx.state.set("sent", [...sent, at].slice(-count));
    ctx.emit<unknown>(this.output.name, data, { delayMs: at - ctx.now() });
  }
}
