import { checkDuration, checkInteger, checkOptions, checkWord } from "../base/options.ts";
import type { Collected } from "../values/collected.ts";
import type { Context } from "../model/context.ts";
import type { Event } from "../model/event.ts";
import { Routine } from "../model/routine.ts";
import type { Slot } from "../model/slot.ts";
import { AT_END, type AtEnd, listsIn, stopWatching, watchEnd } from "./collecting.ts";
import { OpenGroupsError } from "./open_groups_error.ts";

/** The key of the deadline of the batch: there is one at a time. */
const BATCH = "batch";

/** The settings of a `Batcher`: a batch is sent when it is full, or when its time is up. */
export interface BatcherOptions {
  /** How many inputs fill a batch. */
  readonly size: number;
  /** How long the first input of a batch may wait, in milliseconds; without a time it waits until the batch is full, or the job ends. */
  readonly timeoutMs?: number | undefined;
  /** What becomes of a batch without a time that is not full when nothing else of the job is left. @default {"emit"} */
  readonly atEnd?: AtEnd | undefined;
}

/** A batch of inputs. */
export interface Batch<T> {
  /** The inputs, in the order of their delivery. */
  readonly items: readonly T[];
}

/**
 * Sends inputs in batches, by size and time, and the rest when the job has nothing else to do. An unfinished batch belongs to the job:
 * it survives a pause.
 *
 * @example
 * ```ts
 * import { Flow } from "@routilux/routilux";
 * import { Batcher } from "@routilux/routilux/routines";
 *
 * const flow = new Flow({ id: "mails" });
 * flow.addRoutine(new Batcher<{ to: string }>().setBatches({ size: 100, timeoutMs: 5_000 }), "batches");
 * ```
 */
export class Batcher<T = unknown> extends Routine<BatcherOptions> {
  /** Takes the inputs. */
  readonly input: Slot<T> = this.addSlot<T>("input", this.add);
  /** Sends the batches. */
  readonly output: Event<Batch<T>> = this.addEvent<Batch<T>>("output", { params: ["items"] });
  readonly #batch: Event<{ item: T }> = this.addTimer<{ item: Collected<T> }, unknown, { merge: "append" }>(
    "batch",
    this.fill,
    {
      merge: "append",
    },
  );
  readonly #deadline: Event<object> = this.addTimer<object>("deadline", this.expire);
  readonly #end: Event<object> = this.addTimer<object, true>("end", this.finish);

  /**
   * Sets when a batch is sent.
   *
   * @throws {RangeError} for a size below 1 or a negative time
   * @throws {TypeError} for an option of an unknown name, and another word as `atEnd`
   */
  setBatches(options: BatcherOptions): this {
    const action = "Cannot set batches";
    checkOptions(action, options, { size: true, timeoutMs: true, atEnd: true });
    const { size, timeoutMs, atEnd } = options;
    checkInteger(action, "size", size);
    if (timeoutMs !== undefined) checkDuration(action, "timeoutMs", timeoutMs);
    if (atEnd !== undefined) checkWord(action, "atEnd", atEnd, AT_END);
    return this.setConfig({ size, timeoutMs, atEnd });
  }

  /** The handler of `input`. */
  add(data: T, ctx: Context): void {
    ctx.emit(this.#batch, { item: data });
  }

  /** The handler of `batch`: the slot keeps the inputs. */
  fill({ item }: { item: Collected<T> }, ctx: Context): void {
    const { size = 1, timeoutMs } = this.getConfig();
    if (item.length >= size) this.#send(item, ctx);
    else if (item.length > 1) return;
    else if (timeoutMs !== undefined) ctx.emit(this.#deadline, {}, { delayMs: timeoutMs, key: BATCH });
    else watchEnd(this.#end, this.#atEnd, ctx);
  }

  /** The handler of `deadline`. */
  expire(_data: object, ctx: Context): void {
    const { item } = listsIn<T>("batch", ctx);
    if (item !== undefined) this.#send(item, ctx);
  }

  /**
   * The handler of `end`: nothing else of the job is left. An open batch fails after a step, so that the next end is watched.
   *
   * @throws {OpenGroupsError} for a batch that nothing fills, unless `atEnd` says what becomes of it
   */
  *finish(_data: object, ctx: Context<true>): Generator<true, void, void> {
    const { item } = listsIn<T>("batch", ctx);
    if (ctx.progress === undefined) stopWatching(ctx);
    if (item === undefined) return;
    if (this.#atEnd === "emit") return this.#send(item, ctx);
    if (ctx.progress === undefined) yield true;
    const lacks = this.getConfig("size", 1) - item.length;
    throw new OpenGroupsError(ctx.routineId, [{ key: "", has: item.length, lacks }]);
  }

  get #atEnd(): AtEnd {
    return this.getConfig("atEnd", "emit");
  }

  #send(item: Collected<T>, ctx: Context): void {
    ctx.emit<Batch<unknown>>(this.output.name, { items: item.toArray() });
    ctx.clear("batch");
    ctx.cancelEmit(this.#deadline, BATCH);
  }
}
