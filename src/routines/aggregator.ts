import type { Collected } from "../values/collected.ts";
import { checkDuration, checkInteger, checkName, checkOptions, checkWord } from "../base/options.ts";
import type { Context } from "../model/context.ts";
import type { Event } from "../model/event.ts";
import { Routine } from "../model/routine.ts";
import type { Slot } from "../model/slot.ts";
import { AT_END, type AtEnd, listsIn, stopWatching, tellAtEnd, watchEnd } from "./collecting.ts";
import { countIn, type GroupKey, groupKey, groupName } from "./group_names.ts";
import { type OpenGroup, OpenGroupsError } from "./open_groups_error.ts";

/** The settings of an `Aggregator`: how inputs are grouped, and when a group ends. */
export interface AggregatorOptions<T = Record<string, unknown>> {
  /**
   * How many inputs complete a group: a number, or the key under which the data has it, of an input or of what comes to `expected`.
   * Where both have it, `expected` must be told first: what it is told of a group that is complete begins another. Without a count only
   * the time ends a group.
   */
  readonly count?: number | string | undefined;
  /**
   * The key of the data whose value names the group: a text, a number or a boolean, which each input has. Without a key all inputs
   * belong to one group.
   */
  readonly by?: (GroupKey<T> & string) | undefined;
  /** How long a group may wait for further inputs, in milliseconds after its first input. */
  readonly timeoutMs?: number | undefined;
  /** What becomes of groups without a time that are open when nothing else of the job is left. @default {"fail"} */
  readonly atEnd?: AtEnd | undefined;
}

/** A group that has ended. */
export interface Group<T> {
  /** The value that its inputs share, as text; empty without `by`. */
  readonly key: string;
  /** The inputs, in the order of their delivery. */
  readonly items: readonly T[];
  /** Whether all inputs have come. */
  readonly isComplete: boolean;
}

/**
 * Joins inputs into groups, by count, by key, or by time. Unfinished groups belong to the job: they survive a pause, and
 * their time continues on resume. Those that nothing completes are never lost without a word: see `atEnd`.
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
  /** Takes the count of a group, which may be 0: the data has the count, and the key of the group if there is one. */
  readonly expected: Slot<object> = this.addSlot<object>("expected", this.announce);
  /** Sends the groups. */
  readonly output: Event<Group<T>> = this.addEvent<Group<T>>("output", { params: ["key", "items", "isComplete"] });
  readonly #group: Event<Record<string, T>> = this.addTimer<Record<string, Collected<T>>, unknown, { merge: "append" }>(
    "group",
    this.collect,
    { merge: "append" },
  );
  readonly #deadline: Event<GroupPlace> = this.addTimer<GroupPlace>("deadline", this.expire);
  readonly #end: Event<Partial<GroupPlace>> = this.addTimer<Partial<GroupPlace>, true>("end", this.finish);

  /**
   * Sets how inputs are grouped, and when a group ends.
   *
   * @throws {RangeError} for a count below 1 or a negative time
   * @throws {TypeError} when neither a count nor a time is given: no group would ever end; for another word as `atEnd`, and for a key
   * that is no text
   */
  setGroups(options: AggregatorOptions<T>): this {
    const action = "Cannot set groups";
    checkOptions(action, options, { count: true, by: true, timeoutMs: true, atEnd: true });
    const { count, by, timeoutMs, atEnd } = options;
    if (count === undefined && timeoutMs === undefined) {
      throw new TypeError(`${action}: give a count, a timeoutMs, or both`);
    }
    if (typeof count === "string") checkName(action, "count", count);
    else if (count !== undefined) checkInteger(action, "count", count);
    if (by !== undefined) checkName(action, "key of groups", by);
    if (timeoutMs !== undefined) checkDuration(action, "timeoutMs", timeoutMs);
    if (atEnd !== undefined) checkWord(action, "atEnd", atEnd, AT_END);
    return this.setConfig({ count, by, timeoutMs, atEnd });
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
    if (typeof count === "string") countIn(data, count);
    ctx.emit(this.#group, { [groupName(data, by)]: data });
  }

  /**
   * The handler of `expected`: a group that will have no inputs is complete.
   *
   * @throws {TypeError} unless `setGroups` names the key of the count, and for data without it
   */
  announce(data: object, ctx: Context): void {
    const { by, count, timeoutMs } = this.getConfig();
    if (typeof count !== "string") {
      throw new TypeError(
        "Cannot expect a group: set the key of the data that has its count, as setGroups({ count: key })",
      );
    }
    const size = countIn(data, count);
    if (size === undefined) {
      throw new TypeError(`Cannot expect a group: the data has no count under the key ${JSON.stringify(count)}`);
    }
    const name = groupName(data, by);
    // Most groups are announced before their first input: then nothing is looked for.
    const items = sizeOf(name, ctx) === undefined ? undefined : listsIn<T>("group", ctx)[name];
    const isOpen = this.#grow(name, items?.toArray() ?? [], size, ctx);
    if (isOpen && items === undefined && timeoutMs === undefined) {
      // The group has no list in its slot yet, so a marker makes `end` find the group.
      tellAtEnd(this.#end, { name }, this.#atEnd, ctx, name);
    }
  }

  /** The handler of `group`: the slot keeps a list per group. */
  collect(lists: Record<string, Collected<T>>, ctx: Context): void {
    const { count } = this.getConfig();
    for (const [name, items] of Object.entries(lists)) {
      const size = typeof count === "string" ? countIn(items.at(-1), count) : count;
      this.#grow(name, items, size, ctx);
    }
  }

  /** The handler of `deadline`. */
  expire({ name }: GroupPlace, ctx: Context): void {
    if (sizeOf(name, ctx) !== undefined) this.#send(name, listsIn<T>("group", ctx)[name]?.toArray() ?? [], false, ctx);
  }

  /**
   * The handler of `end`: nothing else of the job is left. An open group fails after a step, so that the next end is watched.
   *
   * @throws {OpenGroupsError} for a group that nothing completes, unless `atEnd` says what becomes of it
   */
  *finish({ name }: Partial<GroupPlace>, ctx: Context<true>): Generator<true, void, void> {
    const lists = listsIn<T>("group", ctx);
    if (name === undefined && ctx.progress === undefined) stopWatching(ctx);
    const open = name === undefined ? Object.keys(lists) : [name].filter((it) => isAnnounced(it, lists, ctx));
    if (this.#atEnd === "emit") {
      for (const name of open) this.#send(name, lists[name]?.toArray() ?? [], false, ctx);
    } else if (open.length > 0) {
      if (ctx.progress === undefined) yield true;
      throw new OpenGroupsError(ctx.routineId, open.map((name) => openGroup(name, lists[name]?.length ?? 0, ctx)));
    }
  }

  get #atEnd(): AtEnd {
    return this.getConfig("atEnd", "fail");
  }

  /** A group has grown, or is to have `size` inputs. Says whether it is open then. */
  #grow(
    name: string,
    items: { readonly length: number } & Iterable<T>,
    size: number | undefined,
    ctx: Context,
  ): boolean {
    const known = sizeOf(name, ctx);
    const needed = size ?? known ?? undefined;
    if (typeof known === "number" && needed !== known) {
      const key = JSON.stringify(groupKey(name));
      throw new TypeError(`Cannot group: the group ${key} was to have ${known} inputs, and now ${needed}`);
    }
    if (needed !== undefined && items.length >= needed) {
      this.#send(name, [...items], true, ctx);
      return false;
    }
    if (known === undefined) this.#begin(name, ctx);
    if (known === undefined || known !== needed) ctx.state.set(name, needed ?? null);
    return true;
  }

  #begin(name: string, ctx: Context): void {
    const { timeoutMs } = this.getConfig();
    if (timeoutMs === undefined) watchEnd(this.#end, this.#atEnd, ctx);
    else ctx.emit(this.#deadline, { name }, { delayMs: timeoutMs, key: name });
  }

  #send(name: string, items: readonly T[], isComplete: boolean, ctx: Context): void {
    ctx.emit<Group<unknown>>(this.output.name, { key: groupKey(name), items, isComplete });
    ctx.clear("group", name);
    if (sizeOf(name, ctx) === undefined) return;
    ctx.state.set(name, undefined);
    ctx.cancelEmit(this.#deadline, name);
    ctx.cancelEmit(this.#end, name);
  }
}

/** The name of a group: of its list in the slot `group`, and in `ctx.state`. */
export interface GroupPlace {
  /** The name. */
  readonly name: string;
}

/** How many inputs a group will have; `null` while that is not known, and `undefined` for a group that is not open. */
function sizeOf(name: string, ctx: Context): number | null | undefined {
  return ctx.state.get<number | null>(name);
}

/** Says whether a group is to have inputs of which none has come. */
function isAnnounced(name: string, lists: object, ctx: Context): boolean {
  return !Object.hasOwn(lists, name) && sizeOf(name, ctx) !== undefined;
}

function openGroup(name: string, has: number, ctx: Context): OpenGroup {
  const size = sizeOf(name, ctx);
  return { key: groupKey(name), has, lacks: typeof size === "number" ? size - has : undefined };
}
