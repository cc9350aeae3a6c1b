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
 * Sends inputs on at a limited rate: in no stretch of `intervalMs` more than `count` of them, whatever was paused or late.
 * Nothing is dropped; what comes too fast waits its turn.
 */
export class Throttle<T = unknown> extends Routine<ThrottleOptions> {
  /** Takes the inputs. */
  readonly input: Slot<T> = this.addSlot<T>("input", this.pass);
  /** Sends the inputs, in the order in which they came. */
  readonly output: Event<T> = this.addEvent<T>("output");
  readonly #turn: Event<unknown> = this.addTimer<unknown>("turn", this.send);

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

  /** The handler of `input`: inputs stand in line in the state, under their numbers. */
  pass(data: T, ctx: Context): void {
    const last = ctx.state.get<number>("last") ?? 0;
    const isWaiting = last > (ctx.state.get<number>("sent") ?? 0);
    ctx.state.set(`input ${last + 1}`, { data });
    ctx.state.set("last", last + 1);
    // One turn is set already while others wait.
    if (!isWaiting) this.send({}, ctx);
  }

  /** The handler of `turn`: sends what may be sent by now, and sets the next turn. */
  send(_turn: unknown, ctx: Context): void {
    const { count = 1, intervalMs = 0 } = this.getConfig();
    const last = ctx.state.get<number>("last") ?? 0;
    let sent = ctx.state.get<number>("sent") ?? 0;
    let instants = ctx.state.get<readonly number[]>("instants") ?? [];
    const earliest = () => (instants.at(-count) ?? -Infinity) + intervalMs;
    while (sent < last && earliest() <= ctx.now()) {
      const key = `input ${++sent}`;
      ctx.emit<unknown>(this.output.name, ctx.state.get<{ data?: unknown }>(key)?.data);
      ctx.state.set(key, undefined);
      instants = [...instants, ctx.now()].slice(-count);
    }
    ctx.state.set("sent", sent);
    ctx.state.set("instants", instants);
    if (sent < last) ctx.emit(this.#turn, {}, { delayMs: earliest() - ctx.now() });
  }
}
