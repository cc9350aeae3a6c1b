import type { JsonValue } from "../values/json.ts";

/**
 * The type of the methods that would change a value which was read from a job. No value has this type, so calls of these methods do
 * not compile, and the compiler's message shows this text.
 */
export type ReadOnly = "What is read stays as it is: change it in update()";

/**
 * The readonly type of a value that was read from a job. A change in place would be lost, or throw, so this type has no way to
 * change the value; where a value of the original type is expected, it may still be passed. Types of classes with private fields
 * stay as they are, and so do types that accept any JSON.
 */
export type ReadonlyValue<T> = [JsonValue] extends [T] ? T
  : T extends string | number | boolean | bigint | symbol | null | undefined | ((...args: never[]) => unknown) ? T
  : T extends Date ? ReadDate
  : T extends Map<infer K, infer V> ? ReadMap<ReadonlyValue<K>, ReadonlyValue<V>>
  : T extends Set<infer V> ? ReadSet<ReadonlyValue<V>>
  : T extends Uint8Array ? ReadBytes
  : T extends readonly (infer E)[] ? number extends T["length"] ? ReadList<ReadonlyValue<E>> : T
  : Pick<T, keyof T> extends T ? { readonly [K in keyof T]: ReadonlyValue<T[K]> }
  : T;

/** A list that was read. */
export interface ReadList<E> extends Array<E> {
  /** How many items there are. */
  readonly length: number;
  /** An item. */
  readonly [index: number]: E;
  /** Refused. */
  copyWithin(this: ReadOnly, target: number, start: number, end?: number): this;
  /** Refused. */
  fill(this: ReadOnly, value: E, start?: number, end?: number): this;
  /** Refused. */
  pop(this: ReadOnly): E | undefined;
  /** Refused. */
  push(this: ReadOnly, ...items: E[]): number;
  /** Refused. */
  reverse(this: ReadOnly): E[];
  /** Refused. */
  shift(this: ReadOnly): E | undefined;
  /** Refused. */
  sort(this: ReadOnly, compare?: (a: E, b: E) => number): this;
  /** Refused. */
  splice(this: ReadOnly, start: number, count?: number, ...items: E[]): E[];
  /** Refused. */
  unshift(this: ReadOnly, ...items: E[]): number;
}

/** A map that was read. */
export interface ReadMap<K, V> extends Map<K, V> {
  /** Refused. */
  clear(this: ReadOnly): void;
  /** Refused. */
  delete(this: ReadOnly, key: K): boolean;
  /** Refused. */
  set(this: ReadOnly, key: K, value: V): this;
}

/** A set that was read. */
export interface ReadSet<V> extends Set<V> {
  /** Refused. */
  add(this: ReadOnly, value: V): this;
  /** Refused. */
  clear(this: ReadOnly): void;
  /** Refused. */
  delete(this: ReadOnly, value: V): boolean;
}

/** Bytes that were read. */
export interface ReadBytes extends Uint8Array {
  /** A byte. */
  readonly [index: number]: number;
  /** Refused. */
  copyWithin(this: ReadOnly, target: number, start: number, end?: number): this;
  /** Refused. */
  fill(this: ReadOnly, value: number, start?: number, end?: number): this;
  /** Refused. */
  reverse(this: ReadOnly): this;
  /** Refused. */
  set(this: ReadOnly, array: ArrayLike<number>, offset?: number): void;
  /** Refused. */
  sort(this: ReadOnly, compare?: (a: number, b: number) => number): this;
}

/** A date that was read. */
export interface ReadDate extends Date {
  /** Refused. */
  setDate(this: ReadOnly, date: number): number;
  /** Refused. */
  setFullYear(this: ReadOnly, year: number, month?: number, date?: number): number;
  /** Refused. */
  setHours(this: ReadOnly, hours: number, min?: number, sec?: number, ms?: number): number;
  /** Refused. */
  setMilliseconds(this: ReadOnly, ms: number): number;
  /** Refused. */
  setMinutes(this: ReadOnly, min: number, sec?: number, ms?: number): number;
  /** Refused. */
  setMonth(this: ReadOnly, month: number, date?: number): number;
  /** Refused. */
  setSeconds(this: ReadOnly, sec: number, ms?: number): number;
  /** Refused. */
  setTime(this: ReadOnly, time: number): number;
  /** Refused. */
  setUTCDate(this: ReadOnly, date: number): number;
  /** Refused. */
  setUTCFullYear(this: ReadOnly, year: number, month?: number, date?: number): number;
  /** Refused. */
  setUTCHours(this: ReadOnly, hours: number, min?: number, sec?: number, ms?: number): number;
  /** Refused. */
  setUTCMilliseconds(this: ReadOnly, ms: number): number;
  /** Refused. */
  setUTCMinutes(this: ReadOnly, min: number, sec?: number, ms?: number): number;
  /** Refused. */
  setUTCMonth(this: ReadOnly, month: number, date?: number): number;
  /** Refused. */
  setUTCSeconds(this: ReadOnly, sec: number, ms?: number): number;
}
