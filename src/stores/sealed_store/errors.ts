import { RoutiluxError } from "../../base/errors.ts";

/**
 * Why a text cannot be opened: it is none that was sealed (`not sealed`), none of the given keys has sealed it (`unknown key`), or it was
 * changed, or stands in another place than the one that it was sealed for (`not authentic`).
 */
export type SealProblem = "not sealed" | "unknown key" | "not authentic";

const REMEDIES: Readonly<Record<SealProblem, string>> = {
  "not sealed": "the store holds a text that was not written through sealedStore()",
  "unknown key": "give sealedStore() the key that has sealed it",
  "not authentic": "it was changed, or moved from another place, after it was sealed",
};

/**
 * A text of a store that cannot be opened.
 *
 * @see `docs/errors/SEALED_TEXT.md`: what it means, when it comes, and what to do
 *
 * @example
 * ```ts
 * import { SealedTextError } from "@routilux/routilux/stores/sealed";
 *
 * // Whether a text in the store was not sealed by one of the keys, or was changed.
 * const isForeign = (error: unknown): boolean => error instanceof SealedTextError;
 * isForeign(new Error("another")); // false
 * ```
 */
export class SealedTextError extends RoutiluxError {
  /** The name of the class, safe under minifiers. */
  override readonly name = "SealedTextError";
  /** The kind of error. */
  readonly code = "SEALED_TEXT" as const;
  /** The job whose text it is. */
  readonly jobId: string;
  /** Which of the job's texts it is, such as `entry 7`. */
  readonly part: string;
  /** Why it cannot be opened. */
  readonly problem: SealProblem;
  /** The id of the key that has sealed it, as the text says; `undefined` for a text that is not sealed. */
  readonly keyId: string | undefined;

  /** Makes the error for a part of a job. */
  constructor(jobId: string, part: string, problem: SealProblem, keyId: string | undefined) {
    const by = keyId === undefined ? "" : `, sealed by key "${keyId}"`;
    super(`Cannot open ${part} of job "${jobId}"${by}: ${REMEDIES[problem]}`);
    this.jobId = jobId;
    this.part = part;
    this.problem = problem;
    this.keyId = keyId;
  }
}
