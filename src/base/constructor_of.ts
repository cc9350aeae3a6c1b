/** The class that made an instance, as its prototype names it; no getter of the instance's own runs. */
export function constructorOf(instance: object): unknown {
  const prototype: unknown = Object.getPrototypeOf(instance);
  if (typeof prototype !== "object" || prototype === null) return undefined;
  return Object.getOwnPropertyDescriptor(prototype, "constructor")?.value;
}
