import { checkDuration, checkInteger, checkOptions } from "../base/options.ts";
import type { Collected } from "../values/collected.ts";
import type { Context } from "../model/context.ts";
import type { Event } from "../model/event.ts";
import { Routine } from "../model/routine.ts";
import type { Slot } from "../model/slot.ts";
import { expiredList, isFull } from "./collecting.ts";

/** The list of the batch: an append slot has one per key, and a batch has one key. */
const PLACE = { slot: "batch", key: "item", tokenKey: "token" } as const;

/** The settings of a `Batcher`: a batch is sent when it is full, or when its time is up. */
export interface BatcherOptions {
  /** How many inputs fill a batch. */
  readonly size: number;
  /** How long the first input of a batch may wait, in milliseconds; without a time only full batches are sent. */
  readonly timeoutMs?: number | undefined;
}

/** A batch of inputs. */
export interface Batch<T> {
  /** The inputs, in the order of their delivery. */
  readonly items: readonly T[];
}

/**
 * Sends inputs in batches, by size and time. An unfinished batch belongs to the job: it survives a pause.
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
  readonly #deadline: Event<{ token: string }> = this.addTimer<{ token: string }>("deadline", this.expire);

  /**
   * Sets when a batch is sent.
   *
   * @throws {RangeError} for a size below 1 or a negative time
   * @throws {TypeError} for an option of an unknown name
   */
  setBatches(options: BatcherOptions): this {
    checkOptions("Cannot set batches", options, { size: true, timeoutMs: true });
    const { size, timeoutMs } = options;
    checkInteger("Cannot set batches", "size", size);
    if (timeoutMs !== undefined) checkDuration("Cannot set batches", "timeoutMs", timeoutMs);
    return this.setConfig({ size, timeoutMs });
  }

  /** The handler of `input`. */
  add(data: T, ctx: Context): void {
    ctx.emit(this.#batch, { item: data });
  }

  /** The handler of `batch`: the slot keeps the inputs. */
  fill({ item }: { item: Collected<T> }, ctx: Context): void {
    const { size: count = 1, timeoutMs } = this.getConfig();
    const payload = (token: string) => ({ token });
    const limits = { count, timeoutMs, deadline: this.#deadline, payload };
    if (isFull({ ...PLACE, items: item }, limits, ctx)) this.#send(item, ctx);
  }

  /** The handler of `deadline`. */
  expire(deadline: { token: string }, ctx: Context): void {
    const batch = expiredList<T>(PLACE, deadline, ctx);
    if (batch !== undefined) this.#send(batch.items, ctx);
  }

  #send(item: Collected<T>, ctx: Context): void {
    ctx.emit<Batch<unknown>>(this.output.name, { items: item.toArray() });
    ctx.clear("batch");
    ctx.state.set("token", undefined);
  }
}
