/** The text of a value: its own, or its JSON; `undefined` for an instance that has none. */
export function textOf(data: unknown): string | undefined {
  if (typeof data === "string") return data;
  if (typeof data === "bigint") return String(data);
  if (data instanceof Date) return data.toISOString();
  const isPlain = Array.isArray(data) || data === null || typeof data !== "object" ||
    Object.getPrototypeOf(data) === Object.prototype;
  return isPlain ? JSON.stringify(data) : undefined;
}
