/** How many of something passed and failed. */
export interface Counts {
  readonly passed: number;
  readonly failed: number;
}

/** How many were left out as well. */
export interface Tally extends Counts {
  readonly skipped: number;
}

/** Adds counts up. */
export function total(all: readonly Counts[]): Counts {
  return all.reduce((a, b) => ({ passed: a.passed + b.passed, failed: a.failed + b.failed }), { passed: 0, failed: 0 });
}

/** Prints the closing line that `.ci/run` adds up, and ends the process with the fitting code. */
export function finish(all: readonly Counts[]): never {
  const { passed, failed } = total(all);
  console.log(`${passed} passed, ${failed} failed`);
  Deno.exit(failed > 0 ? 1 : 0);
}

/** Counts the cases of a JUnit report; a run that failed without a failed case counts as one. */
export function countCases(report: string, success: boolean): Tally {
  const cases = casesOf(report);
  const failed = cases.filter(hasFailed).length;
  const skipped = cases.filter((it) => /<skipped\b/.test(it)).length;
  return { passed: cases.length - failed - skipped, failed: success ? failed : Math.max(failed, 1), skipped };
}

/** The names of the cases of a JUnit report that failed. */
export function failedCases(report: string): readonly string[] {
  return casesOf(report).filter(hasFailed).map((it) => /\bname="([^"]*)"/.exec(it)?.[1] ?? "a case without a name");
}

function casesOf(report: string): readonly string[] {
  return report.split("<testcase").slice(1);
}

function hasFailed(testCase: string): boolean {
  return /<(failure|error)\b/.test(testCase);
}
