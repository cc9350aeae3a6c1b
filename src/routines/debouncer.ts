import { checkDuration } from "../base/options.ts";
import type { Context } from "../model/context.ts";
import type { Event } from "../model/event.ts";
import { Routine } from "../model/routine.ts";
import type { Slot } from "../model/slot.ts";

/** The settings of a `Debouncer`. */
export interface DebouncerOptions {
  /** How many milliseconds must pass without an input before the last one is sent. */
  readonly quietMs: number;
}

/**
 * Sends the last of several inputs, after a time without further inputs.
 *
 * @example
 * ```ts
 * import { Flow } from "@routilux/routilux";
 * import { Debouncer } from "@routilux/routilux/routines";
 *
 * const flow = new Flow({ id: "saving" });
 * flow.addRoutine(new Debouncer<{ text: string }>().setQuiet(500), "when_typing_ends");
 * ```
 */
export class Debouncer<T = unknown> extends Routine<DebouncerOptions> {
  /** Takes the inputs. */
  readonly input: Slot<T> = this.addSlot<T>("input", this.note);
  /** Sends the last input before each quiet time. */
  readonly output: Event<T> = this.addEvent<T>("output");
  readonly #quiet: Event<{ token: string; data: T }> = this.addTimer<{ token: string; data: T }>("quiet", this.send);

  /**
   * Sets the time without inputs, in milliseconds.
   *
   * @throws {RangeError} for a negative time
   */
  setQuiet(quietMs: number): this {
    return this.setConfig({ quietMs: checkDuration("Cannot set quiet", "quietMs", quietMs) });
  }

  /** The handler of `input`: a new token outdates the input that waits. */
  note(data: T, ctx: Context): void {
    const token = ctx.idempotencyKey;
    ctx.state.set("token", token);
    ctx.emit(this.#quiet, { token, data }, { delayMs: this.getConfig("quietMs", 0) });
  }

  /** The handler of `quiet`. */
  send({ token, data }: { token: string; data: T }, ctx: Context): void {
    if (ctx.state.get("token") !== token) return;
    ctx.state.set("token", undefined);
    ctx.emit<unknown>(this.output.name, data);
  }
}
