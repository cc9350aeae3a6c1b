import { isThenable } from "../base/thenable.ts";
import type { Context } from "../model/context.ts";
import type { Event } from "../model/event.ts";
import { Routine } from "../model/routine.ts";
import type { Slot } from "../model/slot.ts";

/** Says whether an input is accepted; it may be asynchronous. */
export type FilterFunction<T> = (data: T, ctx: Context) => boolean | Promise<boolean>;

/**
 * Asks a function about each input: one event sends the accepted inputs, another the rejected ones. The function travels by name.
 *
 * @example
 * ```ts
 * import { Flow, Registry } from "@routilux/routilux";
 * import { Filter, routines } from "@routilux/routilux/routines";
 *
 * const isLarge = ({ amount }: { amount: number }): boolean => amount > 1_000;
 * const flow = new Flow({ id: "orders", registry: new Registry({ ...routines, isLarge }) });
 * flow.addRoutine(new Filter<{ amount: number }>().use(isLarge), "large");
 * ```
 */
export class Filter<T = unknown> extends Routine {
  /** Takes the inputs. */
  readonly input: Slot<T> = this.addSlot<T>("input", this.filter);
  /** Sends the accepted inputs. */
  readonly output: Event<T> = this.addEvent<T>("output");
  /** Sends the rejected inputs. */
  readonly rejected: Event<T> = this.addEvent<T>("rejected");

  /** Sets the function. */
  use(fn: FilterFunction<T>): this {
    return this.setFunction("filter", fn);
  }

  /**
   * The handler of `input`.
   *
   * @throws {TypeError} before `use`
   */
  filter(data: T, ctx: Context): void | Promise<void> {
    const fn = this.getFunction("filter");
    if (fn === undefined) throw new TypeError("Cannot filter: the Filter has no function; call use(fn)");
    const send = (passes: unknown) => ctx.emit(passes === true ? this.output.name : this.rejected.name, data);
    const result: unknown = Reflect.apply(fn, this, [data, ctx]);
    return isThenable(result) ? Promise.resolve(result).then(send) : send(result);
  }
}
