import * as fc from "fast-check";

/** What must hold in all cases of a kind. */
export interface Law {
  /** Which invariant of the design it is, or is a part of. */
  readonly invariant: number;
  /** What holds, as a sentence. */
  readonly name: string;
  /** How many runs of a job one case takes, about. */
  readonly cost: number;
  /**
   * Tries generated cases.
   *
   * @throws {Error} with the seed, the path and the smallest counterexample
   */
  prove(amount: Amount): Promise<void>;
}

/** How much is tried. */
export interface Amount {
  /** How many cases. */
  readonly runs: number;
  /** Where they come from: the same seed gives the same cases in every runtime. */
  readonly seed: number;
  /** The path to one case, as a failure has printed it. */
  readonly path?: string;
}

/** Makes a law of cases and what is checked in each. */
export function law<T>(
  invariant: number,
  name: string,
  cases: fc.Arbitrary<T>,
  check: (example: T) => void | Promise<void>,
  cost: number = 1,
): Law {
  return {
    invariant,
    name,
    cost,
    prove: ({ runs, seed, path }) =>
      watchStrays(async (strays) => {
        const property = fc.asyncProperty(cases, async (example) => {
          const [outcome] = await Promise.allSettled([Promise.resolve(example).then(check)]);
          const [stray] = strays.splice(0);
          if (stray !== undefined) throw stray;
          if (outcome.status === "rejected") throw outcome.reason;
        });
        await fc.assert(property, { numRuns: runs, seed, ...(path === undefined ? {} : { path }) });
      }),
  };
}

/** Where the host tells of errors that nobody handles, they fail the case in which they happen, not the whole process. */
async function watchStrays(run: (strays: unknown[]) => Promise<void>): Promise<void> {
  const strays: unknown[] = [];
  const note = (event: Event) => {
    event.preventDefault();
    strays.push("reason" in event ? event.reason : "error" in event ? event.error : event);
  };
  const host: Partial<Pick<EventTarget, "addEventListener" | "removeEventListener">> = globalThis;
  for (const type of ["error", "unhandledrejection"]) host.addEventListener?.(type, note);
  try {
    await run(strays);
  } finally {
    for (const type of ["error", "unhandledrejection"]) host.removeEventListener?.(type, note);
  }
}
