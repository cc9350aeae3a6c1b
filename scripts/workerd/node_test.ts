/**
 * What the tests use of `node:test`, for workerd, whose own module of that name runs nothing.
 *
 * @module
 */

/** What a test may ask for. */
export interface TestOptions {
  /** True, or the reason, to leave it out. */
  readonly skip?: boolean | string;
  /** The longest that it may take, in milliseconds. */
  readonly timeout?: number;
}

/** What a test is given. */
export interface TestContext {
  /** Tells something beside the result. */
  diagnostic(message: string): void;
}

type Run = (t: TestContext) => unknown;

interface Entry {
  readonly name: string;
  readonly run: Run;
  readonly options: TestOptions;
}

const LONGEST_MS = 180_000;
const context: TestContext = { diagnostic: (message) => console.error(message) };
const entries: Entry[] = [];

/** Declares a test. */
export function test(name: string, ...rest: [Run] | [TestOptions, Run]): void {
  const [options, run] = rest.length === 1 ? [{}, rest[0]] : rest;
  entries.push({ name, run, options });
}

/** Which tests to run: those whose number, divided by `PARTS`, leaves `PART`. */
export interface Environment {
  /** The number of this part, from 0. */
  readonly PART: string;
  /** How many parts there are. */
  readonly PARTS: string;
}

/** What workerd calls: runs a part of the tests one after the other, tells what failed, and prints the counts as JSON. */
export default {
  async test(_controller: unknown, { PART, PARTS }: Environment): Promise<void> {
    const counts = { passed: 0, failed: 0, skipped: 0 };
    for (const [index, entry] of entries.entries()) {
      if (index % Number(PARTS) === Number(PART)) counts[await outcome(entry)]++;
    }
    console.log(JSON.stringify(counts));
    if (counts.failed > 0) throw new Error(`${counts.failed} tests failed`);
  },
};

async function outcome({ name, run, options }: Entry): Promise<"passed" | "failed" | "skipped"> {
  if (options.skip) return "skipped";
  let timer: ReturnType<typeof setTimeout> | undefined;
  const ms = options.timeout ?? LONGEST_MS;
  const timedOut = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`The test took longer than ${ms} ms`)), ms);
  });
  try {
    await Promise.race([run(context), timedOut]);
    return "passed";
  } catch (error) {
    console.error(`FAILED: ${name}\n${error instanceof Error ? error.stack : error}`);
    return "failed";
  } finally {
    clearTimeout(timer);
  }
}
