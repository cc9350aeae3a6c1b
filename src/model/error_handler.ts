import { describeError, isErrorCode } from "../values/error_data.ts";
import { SerializationError } from "../base/errors.ts";
import { isRecord, type JsonObject } from "../values/json.ts";
import { checkDuration, checkInteger, checkOptions, checkRange, checkRecord, checkWord } from "../base/options.ts";
import { describeValue, pathStep } from "../base/path.ts";
import { functionName } from "../base/reflection.ts";
import type { FunctionReference } from "./function_names.ts";

/** The words for what happens to a task that fails. */
export const ERROR_STRATEGIES: readonly ["stop", "continue", "retry", "skip"] = ["stop", "continue", "retry", "skip"];

/** What happens to a task that fails: see `ErrorHandler`. */
export type ErrorStrategy = "stop" | "continue" | "retry" | "skip";

/**
 * Says whether a task is tried again that has failed, and when: a number is the delay in milliseconds. `attempt` is how often it
 * has been tried again before.
 */
export type RetryIf = (error: unknown, attempt: number) => boolean | number;

/** What an error handler is made of. */
export interface ErrorHandlerOptions {
  /** What happens to a task that fails. @default {"stop"} */
  readonly strategy?: ErrorStrategy;
  /** How often a failed task is tried again. @default {3} */
  readonly maxRetries?: number;
  /** Milliseconds before the first retry. @default {1000} */
  readonly retryDelayMs?: number;
  /** What the delay is multiplied with after each retry. @default {2} */
  readonly retryBackoff?: number;
  /** The longest delay, in milliseconds. @default {3600000} */
  readonly maxRetryDelayMs?: number;
  /**
   * Which share of the delay is left to chance, 0 to 1, so that jobs that fail together don't retry together. Chance depends on the
   * ids of job and task, and the attempt: each host comes to the same. @default {0.2}
   */
  readonly jitter?: number;
  /**
   * The errors that are worth a retry, by name or code; the name of a class stands for its subclasses too, `"Error"`
   * for those alone that have this name. Without it, all are.
   */
  readonly retryableErrors?: readonly (string | number)[];
  /**
   * Asked about each error that may be tried again by the other settings. It travels by name: a method of the routine that has this
   * error handler, or a registered function. An error that it throws takes the place of the task's. @default {all are}
   */
  readonly retryIf?: RetryIf;
  /** Whether the job fails when the retries are spent: false continues instead. @default {true} */
  readonly isCritical?: boolean;
}

const ACTION = "Cannot create ErrorHandler";

/**
 * What happens when a handler throws. `stop` fails the job, `continue` records the error and goes on, `skip` ends the task
 * as skipped, `retry` tries again after `retryDelayMs × retryBackoff^n`; spent retries end as `stop`, or as `continue`
 * where `isCritical` is false.
 *
 * @example
 * ```ts
 * import { ErrorHandler } from "@routilux/routilux";
 *
 * new ErrorHandler({ strategy: "retry", maxRetries: 5, retryDelayMs: 200, retryableErrors: ["TimeoutError"] });
 * ```
 */
export class ErrorHandler {
  /** What happens to a task that fails. */
  readonly strategy: ErrorStrategy;
  /** How often a failed task is tried again. */
  readonly maxRetries: number;
  /** Milliseconds before the first retry. */
  readonly retryDelayMs: number;
  /** What the delay is multiplied with after each retry. */
  readonly retryBackoff: number;
  /** The longest delay, in milliseconds. */
  readonly maxRetryDelayMs: number;
  /** Which share of the delay is left to chance, 0 to 1. */
  readonly jitter: number;
  /** Names and codes of the errors that are worth a retry; all are when there is no list. */
  readonly retryableErrors: readonly (string | number)[] | undefined;
  /** Asked about each error that may be tried again. */
  readonly retryIf: RetryIf | undefined;
  /** Whether the job fails when the retries are spent. */
  readonly isCritical: boolean;

  /**
   * Makes an error handler.
   *
   * @throws {TypeError} for an unknown strategy, a list that holds neither names nor codes, and a `retryIf` that is no function
   * @throws {RangeError} for a number out of range
   */
  constructor(options: ErrorHandlerOptions = {}) {
    checkRecord(ACTION, "options", options);
    const { strategy = "stop", maxRetries = 3, retryDelayMs = 1_000, retryBackoff = 2, maxRetryDelayMs = 3_600_000 } =
      options;
    const { jitter = 0.2, retryableErrors, retryIf, isCritical = true } = options;
    this.strategy = checkWord(ACTION, "strategy", strategy, ERROR_STRATEGIES);
    this.maxRetries = checkInteger(ACTION, "maxRetries", maxRetries, 0);
    this.retryDelayMs = checkDuration(ACTION, "retryDelayMs", retryDelayMs);
    this.retryBackoff = checkRange(ACTION, "retryBackoff", retryBackoff, 0, Number.MAX_SAFE_INTEGER);
    this.maxRetryDelayMs = checkDuration(ACTION, "maxRetryDelayMs", maxRetryDelayMs);
    this.jitter = checkRange(ACTION, "jitter", jitter, 0, 1);
    this.retryableErrors = checkErrorKinds(ACTION, "retryableErrors", retryableErrors);
    if (retryIf !== undefined && typeof retryIf !== "function") {
      throw new TypeError(`${ACTION}: retryIf must be a function, current value is ${describeValue(retryIf)}`);
    }
    this.retryIf = retryIf;
    if (typeof isCritical !== "boolean") {
      throw new TypeError(`${ACTION}: isCritical must be a boolean, current value is ${describeValue(isCritical)}`);
    }
    this.isCritical = isCritical;
    checkOptions<ErrorHandlerOptions>(ACTION, options, this);
    Object.freeze(this);
  }

  /**
   * The settings as JSON: all of them, so that a document means the same when defaults have changed.
   *
   * @throws {TypeError} for one with `retryIf`, which has a name only in the document of its flow
   */
  toJSON(): JsonObject {
    return writeErrorHandler(this, () => {
      throw new TypeError("Cannot serialize ErrorHandler: its retryIf has a name only in the document of its flow");
    });
  }

  /**
   * Makes the error handler that `toJSON` wrote.
   *
   * @throws {SerializationError} when it is no object of these settings, naming the path below `path`
   */
  static fromJSON(json: unknown, path = "errorHandler"): ErrorHandler {
    const fail = (at: string, message: string, cause?: unknown): never => {
      throw new SerializationError(`Cannot read ErrorHandler: ${at}: ${message}`, "ErrorHandler", at, { cause });
    };
    if (!isRecord(json)) return fail(path, `expected an object, got ${describeValue(json)}`);
    const unknown = Object.keys(json).find((key) => !SETTINGS.some((setting) => setting === key));
    if (unknown !== undefined) fail(path + pathStep(unknown), `expected one of ${SETTINGS.join(", ")}`);
    try {
      // The constructor checks each setting as it would a caller's.
      return new ErrorHandler(json as ErrorHandlerOptions);
    } catch (error) {
      return fail(path, describeError(error).message, error);
    }
  }
}

/** Writes an error handler with the name under which its `retryIf` travels. */
export function writeErrorHandler(handler: ErrorHandler, nameOf: (retryIf: RetryIf) => FunctionReference): JsonObject {
  const json: Record<string, JsonObject[string]> = {};
  for (const key of SETTINGS) {
    const value = handler[key];
    if (value !== undefined) json[key] = value;
    // In the order of the keys.
    if (key === "retryDelayMs" && handler.retryIf !== undefined) json["retryIf"] = { ...nameOf(handler.retryIf) };
  }
  return json;
}

/**
 * Reads an error handler whose `retryIf` is found by its name.
 *
 * @throws {SerializationError} as `ErrorHandler.fromJSON`
 */
export function readErrorHandler(
  json: unknown,
  path: string,
  find: (name: unknown, path: string) => RetryIf,
): ErrorHandler {
  if (!isRecord(json) || json["retryIf"] === undefined) return ErrorHandler.fromJSON(json, path);
  const { retryIf, ...settings } = json;
  const handler = ErrorHandler.fromJSON(settings, path);
  const { retryableErrors, ...rest } = handler;
  return new ErrorHandler({
    ...rest,
    ...(retryableErrors === undefined ? {} : { retryableErrors }),
    retryIf: find(retryIf, `${path}.retryIf`),
  });
}

const SETTINGS = [
  "isCritical",
  "jitter",
  "maxRetries",
  "maxRetryDelayMs",
  "retryBackoff",
  "retryDelayMs",
  "retryableErrors",
  "strategy",
] as const satisfies readonly Exclude<keyof ErrorHandlerOptions, "retryIf">[];

/**
 * Checks an option that lists names and codes of errors.
 *
 * @throws {TypeError} naming the action and the option
 */
export function checkErrorKinds(
  action: string,
  option: string,
  kinds: readonly (string | number)[] | undefined,
): readonly (string | number)[] | undefined {
  if (kinds === undefined) return undefined;
  const what = `${option} must be a list of names and codes of errors`;
  if (!Array.isArray(kinds)) throw new TypeError(`${action}: ${what}, got ${describeValue(kinds)}`);
  const wrong = kinds.findIndex((it) => !isErrorCode(it));
  if (wrong >= 0) {
    const kind: unknown = kinds[wrong];
    const hint = typeof kind === "function" ? `; write its name, "${functionName(kind)}"` : "";
    throw new TypeError(`${action}: ${what}, but ${option}[${wrong}] is ${describeValue(kind)}${hint}`);
  }
  return Object.freeze([...kinds]);
}
