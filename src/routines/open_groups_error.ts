import { RoutiluxError } from "../base/errors.ts";

/** A group that has not been completed. */
export interface OpenGroup {
  /** The value that its inputs share, as text; empty where all inputs are of one group. */
  readonly key: string;
  /** What it has: the number of its inputs, or the names of those that have come. */
  readonly has: number | readonly string[];
  /** What it was to have, as far as that is known: a number, or the names of the inputs that are missing. */
  readonly lacks: number | readonly string[] | undefined;
}

/** More groups are not listed. */
const MOST_GROUPS = 100;
/** More groups are not named in the message. */
const MOST_NAMED = 5;

/**
 * An `Aggregator` or a `Join` that still holds groups when nothing else of its job is left.
 *
 * @see `docs/errors/OPEN_GROUPS.md`: what it means, when it comes, and what to do
 *
 * @example
 * ```ts
 * import type { JobState } from "@routilux/routilux";
 *
 * // Whether a job has failed because a branch never came to its join.
 * const lacksBranch = (job: JobState): boolean => job.error?.code === "OPEN_GROUPS";
 * typeof lacksBranch; // "function"
 * ```
 */
export class OpenGroupsError extends RoutiluxError {
  /** The name of the class, safe under minifiers. */
  override readonly name = "OpenGroupsError";
  /** The kind of error. */
  readonly code = "OPEN_GROUPS" as const;
  /** How many groups are open. */
  readonly count: number;
  /** The first 100 of them. */
  readonly groups: readonly OpenGroup[];

  /** Makes the error of a routine for its open groups. */
  constructor(routineId: string, groups: readonly OpenGroup[]) {
    const named = groups.slice(0, MOST_NAMED).map(describeGroup);
    const more = groups.length > MOST_NAMED ? `, and ${groups.length - MOST_NAMED} more` : "";
    super(
      `Routine "${routineId}" holds ${
        groups.length === 1 ? "a group" : `${groups.length} groups`
      } that nothing completes: ${named.join(", ")}${more}; atEnd says what becomes of them`,
    );
    this.count = groups.length;
    this.groups = groups.slice(0, MOST_GROUPS);
  }
}

function describeGroup({ key, has, lacks }: OpenGroup): string {
  const subject = key === "" ? "one" : JSON.stringify(key);
  if (typeof has === "number") {
    return typeof lacks === "number" ? `${subject} has ${has} of ${has + lacks}` : `${subject} has ${has}`;
  }
  return `${subject} lacks ${
    typeof lacks === "object" ? lacks.map((name) => JSON.stringify(name)).join(", ") : "some"
  }`;
}
