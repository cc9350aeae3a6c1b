import type { ErrorHandler } from "../model/error_handler.ts";

/**
 * Milliseconds before a task's retry number `attempt` (from 0): `min(maxRetryDelayMs, retryDelayMs × retryBackoff^attempt)`,
 * of which the share `jitter` is multiplied by a number from 0 to 1 that depends on the job, the task and the attempt only:
 * every host comes to the same.
 */
export function retryDelay(handler: ErrorHandler, jobId: string, taskId: number, attempt: number): number {
  const { retryDelayMs, retryBackoff, maxRetryDelayMs, jitter } = handler;
  // A power may be infinite, and infinity times nothing is no number.
  const delay = retryDelayMs === 0 ? 0 : Math.min(maxRetryDelayMs, retryDelayMs * retryBackoff ** attempt);
  const left = jitter === 0 ? 1 : 1 - jitter * hash(`${jobId}/${taskId}/${attempt}`);
  return Math.round(delay * left);
}

/**
 * A number from 0 up to 1 for a text: FNV-1a over its UTF-16 units, finished as in MurmurHash3 so that near texts differ.
 *
 * @see http://www.isthe.com/chongo/tech/comp/fnv/
 */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return ((value ^ (value >>> 16)) >>> 0) / 2 ** 32;
}
