import { isThenable } from "../base/thenable.ts";
import type { Context } from "../model/context.ts";
import type { Event } from "../model/event.ts";
import { Routine } from "../model/routine.ts";
import type { Slot } from "../model/slot.ts";

/** Makes an output from an input; it may be asynchronous. */
export type MapFunction<I, O> = (data: I, ctx: Context) => O | Promise<O>;

/**
 * Calls a function with each input and sends the result on. The function travels by name: register it, or subclass `Mapper`
 * and use a method.
 *
 * @example
 * ```ts
 * import { Flow, Registry } from "@routilux/routilux";
 * import { Mapper } from "@routilux/routilux/routines";
 *
 * const toCents = ({ euros }: { euros: number }) => ({ cents: euros * 100 });
 * const flow = new Flow({ registry: new Registry({ Mapper, toCents }) });
 * flow.addRoutine(new Mapper<{ euros: number }, { cents: number }>().use(toCents), "to_cents");
 * ```
 */
export class Mapper<I = unknown, O = unknown> extends Routine {
  /** Takes the inputs. */
  readonly input: Slot<I> = this.addSlot<I>("input", this.map);
  /** Sends the outputs. */
  readonly output: Event<O> = this.addEvent<O>("output");

  /** Sets the function. */
  use(fn: MapFunction<I, O>): this {
    return this.setFunction("map", fn);
  }

  /**
   * The handler of `input`.
   *
   * @throws {TypeError} before `use`
   */
  map(data: I, ctx: Context): void | Promise<void> {
    const fn = this.getFunction("map");
    if (fn === undefined) throw new TypeError("Cannot map: the Mapper has no function; call use(fn)");
    const result: unknown = Reflect.apply(fn, this, [data, ctx]);
    if (!isThenable(result)) return ctx.emit(this.output.name, result);
    return Promise.resolve(result).then((output) => ctx.emit(this.output.name, output));
  }
}
