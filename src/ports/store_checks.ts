/**
 * Checks what is handed in to `append`.
 *
 * @throws {RangeError} where there is nothing
 */
export function checkEntries(
  jobId: string,
  entries: readonly string[],
): asserts entries is readonly [string, ...string[]] {
  if (entries.length === 0) throw new RangeError(`Cannot append to job "${jobId}": there must be at least one entry`);
}
