import { DEFAULT_VALUE_LIMITS, MAX_DEPTH, type ValueLimits } from "../values/payload.ts";
import { checkInteger, checkRange, checkRecord } from "../base/options.ts";

/** Bounds of a flow's jobs; they travel with the flow. */
export interface FlowLimits extends ValueLimits {
  /** The most children of a job that have not ended. @default {10000} */
  readonly children: number;
  /** The most jobs that may stand above one that waits for a child: a flow that starts itself comes to an end there. @default {16} */
  readonly childDepth: number;
  /** A generator goes on only while fewer other tasks than this are ready. @default {64} */
  readonly highWater: number;
  /** The most tasks that a job may make, against cycles without an end. @default {Infinity} */
  readonly steps: number;
  /** The most failures that are kept for a redrive; at least the last one is. @default {1000} */
  readonly failures: number;
  /**
   * The most characters of JSON that each of history, outputs and log keeps: the oldest entries go, the newest one is kept whatever its
   * size. @default {4194304}
   */
  readonly keptLength: number;
  /** The most records of the execution history that are kept. @default {1000} */
  readonly history: number;
  /** The most outputs that are kept. @default {1000} */
  readonly outputs: number;
  /** The most entries of the shared log that are kept. @default {1000} */
  readonly log: number;
}

/** The largest `childDepth`: documents may hold so many jobs, each inside of the one before. */
export const MOST_CHILD_DEPTH = 100;

/** The limits of a flow where nobody set others. */
export const DEFAULT_FLOW_LIMITS: FlowLimits = Object.freeze({
  ...DEFAULT_VALUE_LIMITS,
  childDepth: 16,
  children: 10_000,
  failures: 1_000,
  highWater: 64,
  history: 1_000,
  keptLength: 2 ** 22,
  log: 1_000,
  outputs: 1_000,
  steps: Infinity,
});

const LEAST: { readonly [K in keyof FlowLimits]: number } = {
  bytes: 1,
  childDepth: 0,
  children: 0,
  depth: 1,
  failures: 1,
  highWater: 1,
  history: 0,
  keptLength: 1,
  log: 0,
  nodes: 1,
  outputs: 0,
  steps: 1,
};

/** The names of all limits, sorted. */
export const LIMIT_NAMES: readonly (keyof FlowLimits)[] = Object.freeze(
  Object.keys(LEAST),
) as readonly (keyof FlowLimits)[];

/**
 * Completes limits with the defaults.
 *
 * @throws {TypeError} for an unknown limit
 * @throws {RangeError} for one that is no integer in its range
 */
export function completeLimits(action: string, limits: Partial<FlowLimits>): FlowLimits {
  checkRecord(action, "limits", limits);
  const unknown = Object.keys(limits).find((name) => !LIMIT_NAMES.some((known) => known === name));
  if (unknown !== undefined) {
    throw new TypeError(`${action}: unknown limit "${unknown}"; the limits are ${LIMIT_NAMES.join(", ")}`);
  }
  const complete = { ...DEFAULT_FLOW_LIMITS };
  for (const name of LIMIT_NAMES) {
    const value = limits[name];
    if (value === undefined) continue;
    const mayBeEndless = DEFAULT_FLOW_LIMITS[name] === Infinity;
    complete[name] = mayBeEndless && value === Infinity
      ? value
      : checkInteger(action, `limits.${name}`, value, LEAST[name]);
  }
  for (const [name, most] of [["depth", MAX_DEPTH], ["childDepth", MOST_CHILD_DEPTH]] as const) {
    if (complete[name] <= most) continue;
    throw new RangeError(`${action}: limits.${name} must be at most ${most}, current value is ${complete[name]}`);
  }
  return Object.freeze(complete);
}

/** Checks how long a job may work: 1 ms or more, `Infinity` for no limit. */
export function checkExecutionTimeout(action: string, timeoutMs: number, name: string = "executionTimeoutMs"): number {
  return checkRange(action, name, timeoutMs, 1, Infinity);
}
