import type { Collected } from "../values/collected.ts";
import type { StandardSchema } from "../values/standard_schema.ts";
import type { Context } from "./context.ts";
import type { MergeStrategy } from "./slot.ts";

/** The results that a handler may have: nothing, a promise, or a generator that yields its progress. */
export type HandlerReturn<P> = void | PromiseLike<void> | Generator<P, void, void> | AsyncGenerator<P, void, void>;

/** A function that runs for each delivery to a slot; `D` is the data, `P` the progress that its steps store. */
export type Handler<D, P = unknown> = (data: D, ctx: Context<P>) => HandlerReturn<P>;

/** How a slot is declared. */
export interface SlotOptions {
  /**
   * How a delivery is joined with the earlier ones: `"override"` keeps the last one, `"append"` keeps a list per key, a
   * function joins the two. A function travels by name: it is a method of the routine or registered.
   *
   * @default {"override"}
   */
  readonly merge?: MergeStrategy;
  /** Checks each delivery, before the merge. The handler gets the schema's output. */
  readonly schema?: StandardSchema<unknown, unknown>;
  /** The longest that one activation may take, in milliseconds. Only a handler that waits can be stopped. */
  readonly timeoutMs?: number;
}

/**
 * Slot options in which a merge function fits itself and the schema: it takes its own result (`undefined` at first) and the
 * schema's output.
 */
export type CheckedSlotOptions<O> =
  & O
  & (O extends { readonly merge: (old: never, next: infer N) => infer R } ? {
      readonly merge: (
        old: R | undefined,
        next: O extends { readonly schema: StandardSchema<unknown, infer D> } ? D : N,
      ) => unknown;
    }
    : unknown);

/** The data of an append slot that accepts `D`: a list per key. */
export type CollectedLists<D> = { readonly [K in keyof D]: Collected<D[K]> };

/** The data that the handler of a slot with options `O` gets; `H` is the parameter that the handler declares. */
export type HandlerInput<O, H> = O extends { readonly merge: (old: never, next: never) => infer R } ? R
  : O extends { readonly schema: StandardSchema<unknown, infer D> }
    ? (O extends { readonly merge: "append" } ? CollectedLists<D> : D)
  : O extends { readonly merge: "append" }
    ? (H extends { readonly [K in keyof H]: Collected<unknown> } ? H : CollectedLists<NoInfer<H>>)
  : H;

/** The data that a slot with options `O` accepts; `H` is the parameter that its handler declares. */
export type SlotInput<O, H> = O extends { readonly schema: StandardSchema<infer I, unknown> } ? I
  : O extends { readonly merge: (old: never, next: infer N) => unknown } ? N
  : O extends { readonly merge: "append" }
    ? { [K in keyof H]: Exclude<H[K], undefined> extends Collected<infer E> ? E : never }
  : H;
