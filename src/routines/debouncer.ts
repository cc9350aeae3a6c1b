import { checkDuration } from "../base/options.ts";
import type { Context } from "../model/context.ts";
import type { Event } from "../model/event.ts";
import { Routine } from "../model/routine.ts";
import type { Slot } from "../model/slot.ts";

/** How long it must be quiet. */
export interface DebouncerOptions {
  /** Milliseconds without an input before the last one is sent. */
  readonly quietMs: number;
}

/** Sends the last of several inputs, once no other has come for a while. */
export class Debouncer<T = unknown> extends Routine<DebouncerOptions> {
  /** Takes the inputs. */
  readonly input: Slot<T> = this.addSlot<T>("input", this.note);
  /** Sends the last ones. */
  readonly output: Event<T> = this.addEvent<T>("output");
  readonly #quiet: Event<{ token: string; data: T }> = this.addTimer<{ token: string; data: T }>("quiet", this.send);

  /**
   * Sets how long it must be quiet, in milliseconds.
   *
   * @throws {RangeError} for a negative time
   */
  setQuiet(quietMs: number): this {
    return this.setConfig({ quietMs: checkDuration("Cannot set quiet", "quietMs", quietMs) });
  }

  /** The handler of `input`: whatever waits is outdated by it. */
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
