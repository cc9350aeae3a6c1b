/** The name of a function or class, as a value of its own: no getter runs. Empty where it has none that is a text. */
export function functionName(fn: object): string {
  const name: unknown = Object.getOwnPropertyDescriptor(fn, "name")?.value;
  return typeof name === "string" ? name : "";
}
