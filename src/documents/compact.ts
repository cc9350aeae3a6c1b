/** An object without the keys that may be undefined, and those again as optional ones. */
export type Compact<T> =
  & { readonly [K in keyof T as undefined extends T[K] ? never : K]: T[K] }
  & { readonly [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined> };

/** Copies an object without the keys whose value is undefined: what has no value is left out on the wire. */
export function compact<const T extends object>(object: T): Compact<T> {
  const copy: Record<string, unknown> = {};
  for (const key of Object.keys(object)) {
    const value: unknown = object[key as keyof T];
    if (value !== undefined) copy[key] = value;
  }
  return copy as Compact<T>;
}
