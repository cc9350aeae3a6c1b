import { checkInteger, checkOptions, checkRange } from "../base/options.ts";
import type { Context } from "../model/context.ts";
import type { Event } from "../model/event.ts";
import { Routine } from "../model/routine.ts";
import type { Slot } from "../model/slot.ts";

/** The settings of a `Throttle`. */
export interface ThrottleOptions {
  /** The most inputs in any interval. */
  readonly count: number;
  /** The length of an interval, in milliseconds. */
  readonly intervalMs: number;
}

/**
 * Sends inputs on at a limited rate: at most `count` of them in any `intervalMs`, also after pauses and delays. No input is
 * dropped; inputs that come too fast wait.
 *
 * @example
 * ```ts
 * import { Flow } from "@routilux/routilux";
 * import { Throttle } from "@routilux/routilux/routines";
 *
 * const flow = new Flow({ id: "calls" });
 * flow.addRoutine(new Throttle<{ url: string }>().setRate({ count: 10, intervalMs: 1_000 }), "ten_a_second");
 * ```
 */
export class Throttle<T = unknown> extends Routine<ThrottleOptions> {
  /** Takes the inputs. */
  readonly input: Slot<T> = this.addSlot<T>("input", this.pass);
  /** Sends the inputs, in the order of their delivery. */
  readonly output: Event<T> = this.addEvent<T>("output");
  readonly #turn: Event<unknown> = this.addTimer<unknown>("turn", this.send);

  /**
   * Sets the rate.
   *
   * @throws {RangeError} for a count below 1 or a time below 1 ms
   * @throws {TypeError} for an option of an unknown name
   */
  setRate(options: ThrottleOptions): this {
    checkOptions("Cannot set rate", options, { count: true, intervalMs: true });
    const { count, intervalMs } = options;
    checkInteger("Cannot set rate", "count", count);
    checkRange("Cannot set rate", "intervalMs", intervalMs, 1, Number.MAX_SAFE_INTEGER);
    return this.setConfig({ count, intervalMs });
  }

  /** The handler of `input`: waiting inputs are kept in the state, under their numbers. */
  pass(data: T, ctx: Context): void {
    const last = ctx.state.get<number>("last") ?? 0;
    const isWaiting = last > (ctx.state.get<number>("sent") ?? 0);
    ctx.state.set(`input ${last + 1}`, { data });
    ctx.state.set("last", last + 1);
    // While other inputs wait, a turn is set already.
    if (!isWaiting) this.send({}, ctx);
  }

  /** The handler of `turn`: sends as many inputs as the rate allows now, and sets the next turn. */
  send(_turn: unknown, ctx: Context): void {
    const { count = 1, intervalMs = 0 } = this.getConfig();
    const last = ctx.state.get<number>("last") ?? 0;
    let sent = ctx.state.get<number>("sent") ?? 0;
    const now = ctx.now();
    // Each instant has a key of its own, so that sending an input does not store those of all others again.
    const sentAt = (n: number) => ctx.state.get<number>(`sent ${n}`) ?? -Infinity;
    // Of a clock that has been set back, the latest instants lie ahead: then they count as now.
    for (let n = sent; sentAt(n) > now; n--) ctx.state.set(`sent ${n}`, now);
    const earliest = () => sentAt(sent + 1 - count) + intervalMs;
    while (sent < last && earliest() <= ctx.now()) {
      const key = `input ${++sent}`;
      ctx.emit<unknown>(this.output.name, ctx.state.get<{ data?: unknown }>(key)?.data);
      ctx.state.set(key, undefined);
      ctx.state.set(`sent ${sent}`, ctx.now());
      // More than one where the rate was changed to a lower count.
      for (let old = sent - count; ctx.state.get(`sent ${old}`) !== undefined; old--) {
        ctx.state.set(`sent ${old}`, undefined);
      }
    }
    ctx.state.set("sent", sent);
    if (sent < last) ctx.emit(this.#turn, {}, { delayMs: earliest() - ctx.now() });
  }
}
