import type { Collected } from "../values/collected.ts";
import { isRecord } from "../values/json.ts";
import { checkDuration, checkInteger, checkOptions } from "../base/options.ts";
import { describeValue } from "../base/path.ts";
import type { Context } from "../model/context.ts";
import type { Event } from "../model/event.ts";
import { Routine } from "../model/routine.ts";
import type { Slot } from "../model/slot.ts";
import { expiredList, isFull, type List } from "./collecting.ts";

/** The settings of an `Aggregator`: how inputs are grouped, and when a group ends. */
export interface AggregatorOptions {
  /** How many inputs complete a group; without a count only the time ends a group. */
  readonly count?: number | undefined;
  /** The key of the data whose value names the group; without a key all inputs belong to one group. */
  readonly by?: string | undefined;
  /** How long a group may wait for further inputs, in milliseconds after its first input. */
  readonly timeoutMs?: number | undefined;
}

/** A group that has ended. */
export interface Group<T> {
  /** The value that its inputs share, as text; empty without `by`. */
  readonly key: string;
  /** The inputs, in the order of their delivery. */
  readonly items: readonly T[];
  /** Whether all inputs came before the time was up. */
  readonly isComplete: boolean;
}

/**
 * Joins inputs into groups, by count, by key, or by time. Unfinished groups belong to the job: they survive a pause, and
 * their time continues on resume.
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
  readonly #deadline: Event<GroupDeadline> = this.addTimer<GroupDeadline>("deadline", this.expire);

  /**
   * Sets how inputs are grouped, and when a group ends.
   *
   * @throws {RangeError} for a count below 1 or a negative time
   * @throws {TypeError} when neither is given: no group would ever end
   */
  setGroups(options: AggregatorOptions): this {
    const action = "Cannot set groups";
    checkOptions(action, options, { count: true, by: true, timeoutMs: true });
    const { count, by, timeoutMs } = options;
    if (count === undefined && timeoutMs === undefined) {
      throw new TypeError(`${action}: give a count, a timeoutMs, or both`);
    }
    if (count !== undefined) checkInteger(action, "count", count);
    if (timeoutMs !== undefined) checkDuration(action, "timeoutMs", timeoutMs);
    return this.setConfig({ count, by, timeoutMs });
  }

  /**
   * The handler of `input`: finds the group.
   *
   * @throws {TypeError} before `setGroups`, and for data without the key that names its group
   */
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
      const payload = (token: string) => ({ name, token });
      const list = { ...placeOf(name), items };
      if (isFull(list, { count, timeoutMs, deadline: this.#deadline, payload }, ctx)) this.#end(list, true, ctx);
    }
  }

  /** The handler of `deadline`. */
  expire(deadline: GroupDeadline, ctx: Context): void {
    const list = expiredList<T>(placeOf(deadline.name), deadline, ctx);
    if (list !== undefined) this.#end(list, false, ctx);
  }

  #end({ key: name, items }: List<T>, isComplete: boolean, ctx: Context): void {
    const key = String(JSON.parse(name.slice(PREFIX.length)));
    ctx.emit<Group<unknown>>(this.output.name, { key, items: items.toArray(), isComplete });
    ctx.clear("group", name);
    ctx.state.set(name, undefined);
  }
}

/** The end of a group's time: the payload of the routine's timer. */
export interface GroupDeadline {
  /** The name of the group's list in the slot `group`. */
  readonly name: string;
  /** The token that tells the group from earlier ones of the same name. */
  readonly token: string;
}

function placeOf(name: string): Omit<List<never>, "items"> {
  return { slot: "group", key: name, tokenKey: name };
}

function keyOf(data: unknown, by: string): string | number | boolean {
  const key: unknown = isRecord(data) && Object.hasOwn(data, by) ? data[by] : undefined;
  if (key === undefined) throw new TypeError(`Cannot group: the data has no key ${JSON.stringify(by)}`);
  if (typeof key === "string" || typeof key === "number" || typeof key === "boolean") return key;
  throw new TypeError(`Cannot group: data.${by} is ${describeValue(key)}; a key is a text, a number or a boolean`);
}

/** Stands before each name, so that values such as `__proto__` are not used as keys. */
const PREFIX = "group:";
