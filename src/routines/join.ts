import type { Collected } from "../values/collected.ts";
import { checkDuration, checkName, checkOptions, checkWord } from "../base/options.ts";
import type { Context } from "../model/context.ts";
import type { Event } from "../model/event.ts";
import { Routine } from "../model/routine.ts";
import type { Slot } from "../model/slot.ts";
import { AT_END, type AtEnd, listsIn, stopWatching, watchEnd } from "./collecting.ts";
import { type GroupKey, groupKey, groupName } from "./group_names.ts";
import { OpenGroupsError } from "./open_groups_error.ts";

/** One of the inputs of a `Join`. */
export interface JoinInput<T> {
  /** The key of the data whose value says what it belongs to, a text, a number or a boolean; without one, inputs are joined in the order in which they come. */
  readonly by?: GroupKey<T>;
}

/** When a `Join` ends groups that are not complete. */
export interface JoinOptions {
  /** How long a group may wait for its other inputs, in milliseconds after its first. */
  readonly timeoutMs?: number | undefined;
  /** What becomes of groups without a time that are open when nothing else of the job is left. @default {"fail"} */
  readonly atEnd?: AtEnd | undefined;
}

/** The config of a `Join`. */
export interface JoinConfig extends JoinOptions {
  /** By the name of each input, the key that says what its data belongs to; `null` for none. */
  readonly inputs?: Readonly<Record<string, string | null>>;
}

/** Inputs that are not complete: their time is up, or nothing else of the job is left. */
export interface OpenInputs<Inputs extends object> {
  /** The value that they share, as text; empty where they are joined in the order in which they come. */
  readonly key: string;
  /** Those that have come. */
  readonly inputs: Partial<Inputs>;
}

/** The data of one input on its way into its group. */
export interface JoinArrival {
  /** The name of the input. */
  readonly input: string;
  /** Its data. */
  readonly data: unknown;
}

/**
 * Waits for one delivery to each of several named slots, and sends them as one object. With keys, those belong together whose data has
 * the same value there; without, the first of each, the second of each, and so on. Open groups belong to the job: they survive a pause.
 *
 * @example
 * ```ts
 * import { Flow } from "@routilux/routilux";
 * import { Join } from "@routilux/routilux/routines";
 *
 * interface Payment { order: string; amount: number }
 * interface Parcel { order: string; weight: number }
 *
 * const flow = new Flow({ id: "orders" });
 * const join = new Join<{ payment: Payment; parcel: Parcel }>()
 *   .setInputs({ payment: { by: "order" }, parcel: { by: "order" } });
 * flow.addRoutine(join, "join");
 * // flow.connect(pay.done, join.inputs.payment), flow.connect(pack.done, join.inputs.parcel), flow.connect(join.output, …)
 * ```
 */
export class Join<Inputs extends object = Record<string, unknown>> extends Routine<JoinConfig> {
  /** Sends each complete group: the data of its inputs by their names. */
  readonly output: Event<Inputs> = this.addEvent<Inputs>("output");
  /** Sends groups that are not complete when their time is up, and with `atEnd: "emit"` also at the end of the job. */
  readonly open: Event<OpenInputs<Inputs>> = this.addEvent<OpenInputs<Inputs>>("open", { params: ["key", "inputs"] });
  readonly #group: Event<Record<string, JoinArrival>> = this.addTimer<
    Record<string, Collected<JoinArrival>>,
    unknown,
    { merge: "append" }
  >("group", this.collect, { merge: "append" });
  readonly #deadline: Event<{ name: string }> = this.addTimer<{ name: string }>("deadline", this.expire);
  readonly #end: Event<object> = this.addTimer<object, true>("end", this.finish);

  /**
   * Declares the inputs: a slot each. To be called once, before the flow is executed.
   *
   * @throws {TypeError} for fewer than two inputs, for a name that is taken, and when some inputs have a key and others have none
   * @throws {RangeError} for a negative time
   */
  setInputs(
    inputs: { readonly [K in keyof Inputs]: JoinInput<Inputs[K]> },
    options: JoinOptions = {},
  ): this {
    const action = "Cannot set inputs";
    checkOptions(action, options, { timeoutMs: true, atEnd: true });
    const { timeoutMs, atEnd } = options;
    const keys = Object.entries<{ readonly by?: string }>(inputs).map(([name, input]): [string, string | null] => {
      checkOptions(action, input, { by: true }, `${name}.`);
      return [name, input.by === undefined ? null : checkName(action, `key of input "${name}"`, input.by)];
    });
    if (keys.length < 2) throw new TypeError(`${action}: a join has at least two inputs, got ${keys.length}`);
    const [without] = keys.filter(([, by]) => by === null);
    if (without !== undefined && keys.some(([, by]) => by !== null)) {
      throw new TypeError(`${action}: input "${without[0]}" has no key, and others have one; give all a key, or none`);
    }
    if (timeoutMs !== undefined) checkDuration(action, "timeoutMs", timeoutMs);
    if (atEnd !== undefined) checkWord(action, "atEnd", atEnd, AT_END);
    for (const [name] of keys) this.addSlot<unknown>(name, this.take);
    return this.setConfig({ inputs: Object.fromEntries(keys), timeoutMs, atEnd });
  }

  /** The slots of the inputs by their names. */
  get inputs(): { readonly [K in keyof Inputs]: Slot<Inputs[K]> } {
    const slots = Object.keys(this.#keys).map((name) => [name, this.getSlot(name)]);
    return Object.fromEntries(slots) as { readonly [K in keyof Inputs]: Slot<Inputs[K]> };
  }

  /** The handler of each input: finds the group. The second input of a slot with the same key belongs to the second group of that key. */
  take(data: unknown, ctx: Context): void {
    const input = ctx.slotName;
    const keys = this.#keys;
    const key = groupName(data, keys[input] ?? undefined);
    const counts = { ...ctx.state.get<Readonly<Record<string, number>>>(key) };
    // Unreachable default: what it has is a number.
    const round = Object.hasOwn(counts, input) ? counts[input] ?? 0 : 0;
    counts[input] = round + 1;
    // Where each has come as often as the others, the next group may have the number of the first.
    const isEven = Object.keys(keys).every((name) => counts[name] === round + 1);
    ctx.state.set(key, isEven ? undefined : counts);
    ctx.emit(this.#group, { [`${round} ${key}`]: { input, data } });
  }

  /** The handler of `group`: the slot keeps a list per group. */
  collect(lists: Record<string, Collected<JoinArrival>>, ctx: Context): void {
    const { timeoutMs } = this.getConfig();
    for (const [name, arrived] of Object.entries(lists)) {
      const inputs = inputsOf(arrived);
      if (this.#missing(inputs).length === 0) {
        ctx.emit<object>(this.output.name, inputs);
        this.#close(name, ctx);
      } else if (arrived.length > 1) continue;
      else if (timeoutMs === undefined) watchEnd(this.#end, this.#atEnd, ctx);
      else ctx.emit(this.#deadline, { name }, { delayMs: timeoutMs, key: name });
    }
  }

  /** The handler of `deadline`. */
  expire({ name }: { name: string }, ctx: Context): void {
    const arrived = listsIn<JoinArrival>("group", ctx)[name];
    if (arrived !== undefined) this.#sendOpen(name, arrived, ctx);
  }

  /**
   * The handler of `end`: nothing else of the job is left. Open groups fail after a step, so that the next end is watched.
   *
   * @throws {OpenGroupsError} for groups that nothing completes, unless `atEnd` says what becomes of them
   */
  *finish(_data: object, ctx: Context<true>): Generator<true, void, void> {
    const open = Object.entries(listsIn<JoinArrival>("group", ctx));
    if (ctx.progress === undefined) stopWatching(ctx);
    if (this.#atEnd === "emit") { for (const [name, arrived] of open) this.#sendOpen(name, arrived, ctx); }
    else if (open.length > 0) {
      if (ctx.progress === undefined) yield true;
      const groups = open.map(([name, arrived]) => {
        const inputs = inputsOf(arrived);
        return { key: keyOf(name), has: Object.keys(inputs), lacks: this.#missing(inputs) };
      });
      throw new OpenGroupsError(ctx.routineId, groups);
    }
  }

  get #atEnd(): AtEnd {
    return this.getConfig("atEnd", "fail");
  }

  get #keys(): Readonly<Record<string, string | null>> {
    const inputs = this.getConfig("inputs");
    if (inputs === undefined) throw new TypeError("Cannot join: the join has no inputs; call setInputs");
    return inputs;
  }

  #missing(inputs: object): string[] {
    return Object.keys(this.#keys).filter((name) => !Object.hasOwn(inputs, name));
  }

  #sendOpen(name: string, arrived: Collected<JoinArrival>, ctx: Context): void {
    ctx.emit<OpenInputs<object>>(this.open.name, { key: keyOf(name), inputs: inputsOf(arrived) });
    this.#close(name, ctx);
  }

  #close(name: string, ctx: Context): void {
    ctx.clear("group", name);
    ctx.cancelEmit(this.#deadline, name);
  }
}

/** The data of a group by the names of its inputs. */
function inputsOf(arrived: Iterable<JoinArrival>): Record<string, unknown> {
  return Object.fromEntries(Array.from(arrived, ({ input, data }) => [input, data]));
}

function keyOf(name: string): string {
  return groupKey(name.slice(name.indexOf(" ") + 1));
}
