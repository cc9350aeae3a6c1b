import { PreflightError, SerializationError, StateError, StoreError, UnknownOutcomeError } from "../base/errors.ts";

/** A request that is refused, in plain words. */
export class RequestError extends Error {
  /** The status of the answer. */
  readonly status: number;
  /** The methods that are allowed, for status 405. */
  readonly allow: string | undefined;

  /** Makes the refusal. */
  constructor(status: number, message: string, options: { readonly allow?: string; readonly cause?: unknown } = {}) {
    super(message, options);
    this.status = status;
    this.allow = options.allow;
  }
}

/** The answer to a request that has failed. */
export interface Failure {
  readonly status: number;
  readonly message: string;
  /** Whether the fault is not the caller's: then the engine's observer gets the error. */
  readonly isInternal: boolean;
}

/**
 * What is said of an error. The texts of errors that were not made for users stay here: they may name paths, addresses and secrets of
 * the machine.
 */
export function failureOf(error: unknown): Failure {
  if (error instanceof RequestError) return { status: error.status, message: error.message, isInternal: false };
  if (error instanceof StateError) {
    const isUnknown = error.status === "unknown" || error.reason === "unknown";
    return { status: isUnknown ? 404 : 409, message: error.message, isInternal: false };
  }
  if (error instanceof UnknownOutcomeError) {
    const message = "The store has failed: what was asked may be stored or not. Ask again with the same key";
    return { status: 503, message, isInternal: true };
  }
  if (error instanceof StoreError) {
    return { status: 503, message: "The store has failed; try again later", isInternal: true };
  }
  if (error instanceof SerializationError) {
    return { status: 500, message: "What the store has of this job cannot be read", isInternal: true };
  }
  return { status: 500, message: "Something is wrong here; the engine's observer was told", isInternal: true };
}

/**
 * Does what a user has asked for with data of his own. Errors that say what is wrong with that become refusals.
 *
 * @throws {RequestError} for data that cannot be taken
 */
export async function withData<T>(action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    const message = messageOf(error);
    if (message !== undefined) throw new RequestError(400, message, { cause: error });
    throw error;
  }
}

/** The message of an error that says what is wrong with what a user has given; nothing for any other. */
export function messageOf(error: unknown): string | undefined {
  const isRefusal = error instanceof TypeError || error instanceof RangeError || error instanceof SerializationError ||
    error instanceof PreflightError;
  // Only errors of this library begin so: those of the host may say anything.
  return isRefusal && /^(?:Cannot|Routine|job|")/.test(error.message) ? error.message : undefined;
}
