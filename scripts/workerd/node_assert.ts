/**
 * What the stand-in for `@std/assert` uses of `node:assert`, for workerd, which has no such module without flags.
 *
 * @module
 */

/** What an assertion has found. */
export interface AssertionErrorOptions {
  /** The text of the error. */
  readonly message?: string | undefined;
  /** What there was. */
  readonly actual?: unknown;
  /** What there should have been. */
  readonly expected?: unknown;
  /** How the two were compared; without it there was nothing to compare. */
  readonly operator?: string;
}

/** An assertion that does not hold. */
export class AssertionError extends Error {
  /** The name by which it is known. */
  override readonly name = "AssertionError";

  /** Makes the error; one without a message shows what was compared. */
  constructor({ message, actual, expected, operator }: AssertionErrorOptions) {
    super(message ?? `${operator}\n  actual: ${show(actual)}\nexpected: ${show(expected)}`);
  }
}

function show(value: unknown): string {
  try {
    return JSON.stringify(value, showInside) ?? String(value);
  } catch {
    return String(value);
  }
}

function showInside(_key: string, value: unknown): unknown {
  if (typeof value === "bigint") return `${value}n`;
  if (value instanceof Error) return `${value.name}: ${value.message}`;
  return value instanceof Map || value instanceof Set ? [value.constructor.name, ...value] : value;
}
