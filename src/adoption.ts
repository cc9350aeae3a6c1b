import { PreflightError, type PreflightFinding } from "./base/errors.ts";
import { checkOptions, listNames } from "./base/options.ts";
import { describeValue } from "./base/path.ts";
import { decodeJob, encodeJob } from "./documents/job.ts";
import { moveConflicts, moveRoutines, type RoutineMoves } from "./documents/moved_routines.ts";
import { preflight } from "./documents/preflight.ts";
import type { StoreSession } from "./engine/durable/store_session.ts";
import { refuse } from "./engine/execution/refusal.ts";
import type { Job } from "./job/job.ts";
import type { FlowGraph } from "./model/flow_graph.ts";
import { isRecord } from "./values/json.ts";

/** The options of `flow.adopt`. */
export interface AdoptOptions {
  /** The new ids of routines, by their old ones. @default {all keep their ids} */
  readonly rename?: Readonly<Record<string, string>>;
  /**
   * The old ids of routines that go: the job loses their tasks, failures, states, slot data and deferred events, and waits for none of their children. What they have
   * delivered to others, and what they have logged and put out, is kept. @default {none}
   */
  readonly drop?: readonly string[];
  /** Whether the job is left as it is: findings are returned then, and not thrown. @default {false} */
  readonly dryRun?: boolean;
}

/**
 * Moves a job at rest to a version of its flow.
 *
 * @returns what stands in the way: something only with `dryRun`
 * @throws {PreflightError} with all findings; the job is unchanged
 * @throws {StateError} for a job that is live, or in a store
 * @throws {TypeError} for options that do not fit the flow
 */
export function adoptJob(
  job: Job,
  graph: FlowGraph,
  session: StoreSession | undefined,
  options: AdoptOptions,
): readonly PreflightFinding[] {
  const action = `Cannot adopt job "${job.jobId}"`;
  const moves = resolveMoves(action, graph, options);
  if (job.owner !== undefined) throw refuse("adopt", job, "it is live; pause it first");
  if (session !== undefined && (session.records.has(job) || session.losses.has(job))) {
    throw refuse("adopt", job, "the store keeps the flow with which it was started, and goes on with that");
  }
  const document = encodeJob(job);
  const findings = moveConflicts(document, moves);
  let moved: Job | undefined;
  if (findings.length === 0) {
    moved = decodeJob(moveRoutines(document, moves), graph.limits, true);
    findings.push(...preflight(moved, graph));
  }
  if (options.dryRun === true) return findings;
  if (moved === undefined || findings.length > 0) throw new PreflightError(action, findings);
  job.become(moved);
  return findings;
}

function resolveMoves(action: string, graph: FlowGraph, options: AdoptOptions): RoutineMoves {
  checkOptions<AdoptOptions>(action, options, { rename: true, drop: true, dryRun: true });
  const { rename = {}, drop = [] } = options;
  if (!isRecord(rename)) throw new TypeError(`${action}: rename must be an object, got ${describeValue(rename)}`);
  if (!Array.isArray(drop) || drop.some((id) => typeof id !== "string")) {
    throw new TypeError(`${action}: drop must be a list of ids, got ${describeValue(drop)}`);
  }
  const renamed = new Map(Object.entries(rename));
  const dropped = new Set(drop);
  for (const [from, to] of renamed) {
    if (!graph.routines.has(to)) {
      const has = listNames(graph.routines);
      throw new TypeError(`${action}: rename leads to ${describeValue(to)}, but flow "${graph.id}" has ${has}`);
    }
    if (dropped.has(from)) throw new TypeError(`${action}: routine "${from}" cannot be both renamed and dropped`);
  }
  return { renamed, dropped };
}
