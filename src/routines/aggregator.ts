import type { Collected } from "../values/collected.ts";
import { isRecord } from "../values/json.ts";
import { checkDuration, checkInteger } from "../base/options.ts";
import { describeValue } from "../base/path.ts";
import type { Context } from "../model/context.ts";
import type { Event } from "../model/event.ts";
import { Routine } from "../model/routine.ts";
import type { Slot } from "../model/slot.ts";

/** When a group is complete. */
export interface AggregatorOptions {
  /** How many inputs make a group; without it only the time ends one. */
  readonly count?: number | undefined;
  /** The key of the data whose value names the group; without it all inputs are one group. */
  readonly by?: string | undefined;
  /** How long a group may wait for its inputs, in milliseconds, from its first on. */
  readonly timeoutMs?: number | undefined;
}

/** A group that has ended. */
export interface Group<T> {
  /** The value that its inputs share, as text; empty where nothing was said of keys. */
  readonly key: string;
  /** The inputs, in the order in which they came. */
  readonly items: readonly T[];
  /** Whether all inputs came, or the time was up. */
  readonly isComplete: boolean;
}

/**
 * Joins inputs into groups, by count, by key, or by time. Groups that are under way belong to the job: they survive a
 * pause, and their time goes on where it stood.
 *
 * @example
 * ```ts
 * import { Flow } from "@routilux/routilux";
 * import { Aggregator } from "@routilux/routilux/routines";
 *
 * const flow = new Flow({ id: "orders" });
 * const join = new Aggregator<{ order: string; part: string }>().setGroups({ by: "order", count: 3, timeoutMs: 60_000 });
 * flow.addRoutine(join, "join");
 * ```
 */
export class Aggregator<T extends object = Record<string, unknown>> extends Routine<AggregatorOptions> {
  /** Takes the inputs. */
  readonly input: Slot<T> = this.addSlot<T>("input", this.sort);
  /** Sends the groups. */
  readonly output: Event<Group<T>> = this.addEvent<Group<T>>("output", { params: ["key", "items", "isComplete"] });
  readonly #group: Event<Record<string, T>> = this.addTimer<Record<string, Collected<T>>, unknown, { merge: "append" }>(
    "group",
    this.collect,
    { merge: "append" },
  );
  readonly #deadline: Event<Deadline> = this.addTimer<Deadline>("deadline", this.expire);

  /**
   * Sets when a group is complete.
   *
   * @throws {RangeError} for a count below 1 or a negative time
   * @throws {TypeError} when neither is given: no group would ever end
   */
  setGroups({ count, by, timeoutMs }: AggregatorOptions): this {
    const action = "Cannot set groups";
    if (count === undefined && timeoutMs === undefined) {
      throw new TypeError(`${action}: give a count, a timeoutMs, or both`);
    }
    if (count !== undefined) checkInteger(action, "count", count);
    if (timeoutMs !== undefined) checkDuration(action, "timeoutMs", timeoutMs);
    return this.setConfig({ count, by, timeoutMs });
  }

  /** The handler of `input`: finds the group. */
  sort(data: T, ctx: Context): void {
    const { by, count, timeoutMs } = this.getConfig();
    if (count === undefined && timeoutMs === undefined) {
      throw new TypeError("Cannot group: no group would ever end; call setGroups");
    }
    ctx.emit(this.#group, { [PREFIX + JSON.stringify(by === undefined ? "" : keyOf(data, by))]: data });
  }

  /** The handler of `group`: the slot keeps a list per group. */
  collect(lists: Record<string, Collected<T>>, ctx: Context): void {
    const { count, timeoutMs } = this.getConfig();
    for (const [name, items] of Object.entries(lists)) {
      if (count !== undefined && items.length >= count) this.#end(name, items, true, ctx);
      else if (items.length === 1 && timeoutMs !== undefined) {
        ctx.state.set(name, ctx.idempotencyKey);
        ctx.emit(this.#deadline, { name, token: ctx.idempotencyKey }, { delayMs: timeoutMs });
      }
    }
  }

  /** The handler of `deadline`: a group that has ended meanwhile has another token, or none. */
  expire({ name, token }: Deadline, ctx: Context): void {
    const groups = ctx.slotData("group");
    const items = isRecord(groups) ? groups[name] as Collected<T> | undefined : undefined;
    if (items !== undefined && ctx.state.get(name) === token) this.#end(name, items, false, ctx);
  }

  #end(name: string, items: Collected<T>, isComplete: boolean, ctx: Context): void {
    const key = String(JSON.parse(name.slice(PREFIX.length)));
    ctx.emit<Group<unknown>>(this.output.name, { key, items: items.toArray(), isComplete });
    ctx.clear("group", name);
    ctx.state.set(name, undefined);
  }
}

/** The end of a group's time. */
export interface Deadline {
  /** The group. */
  readonly name: string;
  /** What tells it from an earlier one of the same name. */
  readonly token: string;
}

function keyOf(data: unknown, by: string): string | number | boolean {
  const key: unknown = isRecord(data) && Object.hasOwn(data, by) ? data[by] : undefined;
  if (key === undefined) throw new TypeError(`Cannot group: the data has no key ${JSON.stringify(by)}`);
  if (typeof key === "string" || typeof key === "number" || typeof key === "boolean") return key;
  throw new TypeError(`Cannot group: data.${by} is ${describeValue(key)}; a key is a text, a number or a boolean`);
}

/** Keeps values such as `__proto__` from being keys of their own. */
const PREFIX = "group:";
