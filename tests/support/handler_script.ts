import type { Collected, Priority, SchemaResult } from "../../mod.ts";
import { describe } from "./sample_values.ts";

/** One thing that a scripted handler does. It is skipped for items whose seed is no multiple of `every`. */
export type Op = { readonly every: number } & OpKind;

type OpKind =
  | {
    readonly op: "emit";
    readonly event: "output" | "other";
    readonly times: number;
    readonly delayMs: number;
    readonly priority: Priority | "last";
    readonly key: string | undefined;
    readonly value: unknown;
  }
  | { readonly op: "recall"; readonly event: "output" | "other"; readonly key: string }
  | {
    readonly op: "whole" | "note" | "output" | "result" | "now" | "key" | "pause" | "sum" | "tally" | "drop" | "merged";
  }
  | { readonly op: "keep"; readonly where: "shared" | "state"; readonly value: unknown }
  | { readonly op: "fail"; readonly attempts: number; readonly name: string }
  | { readonly op: "sleep"; readonly ms: number }
  | { readonly op: "defer"; readonly event: "output" | "other"; readonly value: unknown }
  | { readonly op: "expect"; readonly timeoutMs: number; readonly isTold: boolean };

/** What a scripted routine is told to do. */
export interface Script {
  /** What its handler does for each item. */
  readonly ops: readonly Op[];
  /** How many items a collector gathers before it clears them. */
  readonly batch: number;
}

/** What travels from one scripted routine to the next. */
export interface Item {
  /** How far it may still go. */
  readonly n: number;
  /** What its handlers decide by. */
  readonly seed: number;
  /** What its value is, in every detail. */
  readonly text: string;
  /** The value. */
  readonly v?: unknown;
  /** The value, where a mapping has renamed it. */
  readonly w?: unknown;
}

/** A number that depends on two others and looks like chance. */
export function mix(seed: number, salt: number): number {
  let mixed = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(salt + 1, 0xc2b2ae35);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x27d4eb2f);
  return (mixed ^ (mixed >>> 13)) >>> 0;
}

/** Makes an item. */
export function makeItem(n: number, seed: number, v: unknown): Item {
  return { n, seed, text: describe(v), v };
}

/** Checks an item as a schema does. */
export function validateItem(value: unknown): SchemaResult<Item> {
  const item = value as Item;
  if (item.seed % 7 === 6) return { issues: [{ message: "no such seed, please", path: ["seed"] }] };
  return { value: { ...item, n: Math.min(item.n, 3) } };
}

/** Checks the result of a job as a schema does. */
export function validateResult(value: unknown): SchemaResult<unknown> {
  const result = value as { readonly seed: number };
  if (result.seed % 2 === 1) return { issues: [{ message: "no such result, please", path: ["seed"] }] };
  return { value: { ...result, isChecked: true } };
}

/** What the entry of a scripted flow gets: the seeds of its items. */
export interface Batch {
  /** The seeds. */
  readonly items: readonly number[];
  /** How far each item may go. */
  readonly n: number;
  /** The time between two items. */
  readonly gapMs: number;
}

/** What a collector gathers of its items. */
export interface Lists {
  readonly n: Collected<number>;
  readonly seed: Collected<number>;
  readonly text: Collected<string>;
  readonly v?: Collected<unknown>;
  readonly w?: Collected<unknown>;
}

/** An item, and the sum of all seeds so far. */
export interface Folded {
  readonly item: Item;
  readonly sum: number;
}

/** An item, and all seeds so far. */
export interface Joined {
  readonly item: Item;
  readonly seeds: ReadonlySet<number>;
}

/** A merge that is registered as a function. */
export function joinItems(old: Joined | undefined, next: Item): Joined {
  return { item: next, seeds: new Set([...(old?.seeds ?? []), next.seed]) };
}

/** The item that came last. */
export function lastOf({ n, seed, text, v, w }: Lists): Item {
  const value = v === undefined ? { w: w?.at(-1) } : { v: v.at(-1) };
  return { n: n.at(-1) ?? 0, seed: seed.at(-1) ?? 0, text: text.at(-1) ?? "", ...value };
}

/** The value of an item, under whichever name it came. */
export function valueOf(item: Item): unknown {
  return "w" in item ? item.w : item.v;
}
