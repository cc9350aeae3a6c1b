/** A text, a bigint and a date as text, other data as JSON; `undefined` for other instances of classes. */
export function textOf(data: unknown): string | undefined {
  if (typeof data === "string") return data;
  if (typeof data === "bigint") return String(data);
  if (data instanceof Date) return data.toISOString();
  const isPlain = Array.isArray(data) || data === null || typeof data !== "object" ||
    Object.getPrototypeOf(data) === Object.prototype;
  return isPlain ? JSON.stringify(data) : undefined;
}
