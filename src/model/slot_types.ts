import type { Collected } from "../values/collected.ts";
import type { StandardSchema } from "../values/standard_schema.ts";
import type { Context } from "./context.ts";
import type { Merge } from "./slot.ts";

/** What a handler may return: nothing, a promise, or a generator that yields its progress. */
export type Done<P> = void | PromiseLike<void> | Generator<P, void, void> | AsyncGenerator<P, void, void>;

/** What runs for each delivery to a slot. */
export type Handler<D, P = unknown> = (data: D, ctx: Context<P>) => Done<P>;

/** How a slot is declared. */
export interface SlotOptions {
  /**
   * What happens to what came before: `"override"` forgets it, `"append"` keeps a list per key, a function joins the two.
   * A function travels by name: it is a method of the routine or registered.
   *
   * @default {"override"}
   */
  readonly merge?: Merge;
  /** Checks each delivery, before the merge. The handler gets its output. */
  readonly schema?: StandardSchema<unknown, unknown>;
  /** The longest that one activation may take, in milliseconds. Only a handler that waits can be stopped. */
  readonly timeoutMs?: number;
}

/** What an append slot collects of `D`: a list per key. */
export type Lists<D> = { readonly [K in keyof D]: Collected<D[K]> };
/** Any object of lists. */
export type AllLists<H> = { readonly [K in keyof H]: Collected<unknown> };
/** As `Lists`, but nothing is inferred from it: for the text of an error. */
export type ListsNoInfer<H> = { readonly [K in keyof H]: Collected<NoInfer<H[K]>> };
/** What is delivered to an append slot whose handler takes the lists `H`. */
export type Elements<H> = { [K in keyof H]: Exclude<H[K], undefined> extends Collected<infer E> ? E : never };

/** Of a merge function in `O`: that it takes what it has made, `undefined` at first, and what the slot's schema gives. */
export type FittingMerge<O> = O extends { readonly merge: (old: never, next: infer N) => infer R } ? {
    readonly merge: (
      old: R | undefined,
      next: O extends { readonly schema: StandardSchema<unknown, infer D> } ? D : N,
    ) => unknown;
  }
  : unknown;

/** What the handler of a slot with options `O` gets; `H` is what it was written for. */
export type Handled<O, H> = O extends { readonly merge: (old: never, next: never) => infer R } ? R
  : O extends { readonly schema: StandardSchema<unknown, infer D> }
    ? (O extends { readonly merge: "append" } ? Lists<D> : D)
  : O extends { readonly merge: "append" } ? (H extends AllLists<H> ? H : ListsNoInfer<H>)
  : H;

/** What a slot with options `O` accepts; `H` is what its handler was written for. */
export type Accepted<O, H> = O extends { readonly schema: StandardSchema<infer I, unknown> } ? I
  : O extends { readonly merge: (old: never, next: infer N) => unknown } ? N
  : O extends { readonly merge: "append" } ? Elements<H>
  : H;
