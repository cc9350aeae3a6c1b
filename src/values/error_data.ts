/** An error as data: what the wire, the history and `job.error` hold. */
export interface ErrorData {
  /** The error's name, such as `"TypeError"`; `retryableErrors` compares it. */
  readonly name: string;
  /** Its message. */
  readonly message: string;
  /** Its `code`, where it has one. */
  readonly code?: string;
  /** What caused it. */
  readonly cause?: ErrorData;
  /** Its stack, only where the engine was asked for stacks. */
  readonly stack?: string;
}

/** How many causes of causes are kept: a chain made by a fault must not grow a job without bound. */
const CAUSES = 8;

/**
 * Describes whatever was thrown as data. Never throws itself: a thrown value may be anything, getters that throw included.
 */
export function describeError(thrown: unknown, stacks = false): ErrorData {
  return describe(thrown, stacks, CAUSES);
}

function describe(thrown: unknown, stacks: boolean, depth: number): ErrorData {
  try {
    if (!(thrown instanceof Error)) {
      return Object.freeze({
        name: "Error",
        message: typeof thrown === "string" ? thrown : `${String(thrown)} was thrown`,
      });
    }
    const { name, message, cause } = thrown;
    const code: unknown = "code" in thrown ? thrown.code : undefined;
    // Hosts make the text of a stack when it is read.
    const stack = stacks ? thrown.stack : undefined;
    return Object.freeze({
      name: String(name),
      message: String(message),
      ...(typeof code === "string" ? { code } : {}),
      ...(cause !== undefined && depth > 0 ? { cause: describe(cause, stacks, depth - 1) } : {}),
      ...(typeof stack === "string" ? { stack } : {}),
    });
  } catch {
    return Object.freeze({ name: "Error", message: "A value that cannot be described was thrown" });
  }
}

const ERROR_CLASSES: ReadonlyMap<string, new (message: string, options?: ErrorOptions) => Error> = new Map(
  [Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError].map((Class) => [Class.name, Class]),
);

/** Makes an `Error` of the data again: of the built-in class of that name, else an `Error` that carries the name. */
export function reviveError(data: ErrorData): Error {
  const Class = ERROR_CLASSES.get(data.name) ?? Error;
  const error = new Class(data.message, data.cause === undefined ? undefined : { cause: reviveError(data.cause) });
  if (error.name !== data.name) define(error, "name", data.name);
  if (data.code !== undefined) define(error, "code", data.code);
  if (data.stack !== undefined) define(error, "stack", data.stack);
  return error;
}

function define(error: Error, key: string, value: string): void {
  Object.defineProperty(error, key, { value, configurable: true, writable: true, enumerable: false });
}
