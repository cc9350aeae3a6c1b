/** A user's class that is serialized as a part of data. */
export class Point {
  /** The distance to the right. */
  x = 0;
  /** The distance downwards. */
  y = 0;

  /** Makes a point at a place. */
  static at(x: number, y: number): Point {
    return Object.assign(new Point(), { x, y });
  }

  /** Makes a point from the data that `toJSON` has written. */
  static fromJSON(json: unknown): Point {
    const { x, y } = json as { readonly x: number; readonly y: number };
    return Point.at(x, y);
  }

  /** The point as data. */
  toJSON(): { readonly x: number; readonly y: number } {
    return { x: this.x, y: this.y };
  }
}

/** The name of a kind of value. */
export type ValueKind =
  | "none"
  | "text"
  | "number"
  | "flag"
  | "list"
  | "object"
  | "date"
  | "map"
  | "set"
  | "bigint"
  | "bytes"
  | "error"
  | "point"
  | "mixed";

/** A way to make a value of each kind from a number. */
const MAKERS: Readonly<Record<ValueKind, (n: number) => unknown>> = {
  none: () => null,
  text: (n) => `\u00fcn\u00efcode \u{1f600} "quoted"\n${n}`,
  number: (n) => n / 3,
  flag: (n) => n % 2 === 0,
  list: (n) => [n, [n + 1, null], "three", {}],
  object: (n) => ({ zebra: n, apple: { deep: [false, ""] }, 1: "one" }),
  date: (n) => new Date(n),
  map: (n) => new Map<unknown, unknown>([["key", n], [new Date(n), new Set(["in", "map"])]]),
  set: (n) => new Set<unknown>([n, "two", null]),
  bigint: (n) => BigInt(n) * 10n ** 20n,
  bytes: (n) => new Uint8Array([n & 255, 0, 255, 7]),
  error: (n) => new RangeError(`out of range: ${n}`, { cause: new TypeError("why") }),
  point: (n) => Point.at(n, -n - 1),
  mixed: (n) => ({ at: [new Date(n), { points: new Map([["p", Point.at(n, 1)]]) }], plain: true }),
};

/** The names of all kinds of values. */
export const VALUE_KINDS: readonly ValueKind[] = Object.keys(MAKERS) as ValueKind[];

/** Makes a value of a kind; equal numbers give equal values. */
export function makeValue(kind: ValueKind, n: number): unknown {
  return MAKERS[kind](n);
}

/** Describes every detail of a value that serialization must keep: its class, its content, the order of its keys. */
export function describe(value: unknown): string {
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? String(value);
  if (Array.isArray(value)) return `[${value.map(describe).join(",")}]`;
  if (value instanceof Date) return `Date(${value.getTime()})`;
  if (value instanceof Map) return `Map(${Array.from(value, ([k, v]) => `${describe(k)}=>${describe(v)}`).join(",")})`;
  if (value instanceof Set) return `Set(${Array.from(value, describe).join(",")})`;
  if (value instanceof Uint8Array) return `Uint8Array(${value.join(",")})`;
  if (value instanceof Error) {
    const cause = value.cause === undefined ? "" : ` because ${describe(value.cause)}`;
    const code = "code" in value ? ` (${value.code})` : "";
    return `${value.constructor.name}(${value.name}${code}: ${value.message}${cause})`;
  }
  if (value instanceof Point) return `Point(${value.x},${value.y})`;
  const entries = Object.entries(value).map(([key, item]) => `${JSON.stringify(key)}:${describe(item)}`);
  return `{${entries.join(",")}}`;
}
