import { PreflightError, type PreflightFinding } from "./base/errors.ts";
import { checkOptions, listNames } from "./base/options.ts";
import { describeValue } from "./base/path.ts";
import { decodeJob, encodeJob } from "./documents/job.ts";
import { moveConflicts, moveRoutines, type NameMoves, type RoutineMoves } from "./documents/moved_routines.ts";
import { preflight } from "./documents/preflight.ts";
import type { StoreSession } from "./engine/durable/store_session.ts";
import { refuse } from "./engine/execution/refusal.ts";
import { type Job, slotKey } from "./job/job.ts";
import { dataOf } from "./job/task.ts";
import type { ConnectionTarget } from "./model/connection.ts";
import type { FlowGraph } from "./model/flow_graph.ts";
import { declarationOf, type Routine } from "./model/routine.ts";
import { describeError } from "./values/error_data.ts";
import { isRecord } from "./values/json.ts";
import { type Payload, valueOf } from "./values/payload.ts";
import { validate } from "./values/standard_schema.ts";

/** The options of `flow.adopt` and `handle.adopt`. */
export interface AdoptOptions {
  /** The new ids of routines, by their old ones. @default {all keep their ids} */
  readonly rename?: Readonly<Record<string, string>>;
  /** The new names of slots by their old ones, by the old ids of their routines. @default {all keep their names} */
  readonly renameSlots?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** The new names of events, likewise. @default {all keep their names} */
  readonly renameEvents?: Readonly<Record<string, Readonly<Record<string, string>>>>;
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
    throw refuse("adopt", job, `the store keeps its flow; flow.handle("${job.jobId}").adopt() moves it`);
  }
  const { moved, findings } = moveJob(job, graph, moves);
  if (options.dryRun === true) return findings;
  if (moved === undefined) throw new PreflightError(action, findings);
  job.become(moved);
  return findings;
}

/** A job as it is in another version of its flow, or else why it does not fit. The given job stays as it is. */
export function moveJob(
  job: Job,
  graph: FlowGraph,
  moves: RoutineMoves,
): { readonly moved: Job | undefined; readonly findings: readonly PreflightFinding[] } {
  const document = encodeJob(job);
  const findings = moveConflicts(document, moves);
  if (findings.length > 0) return { moved: undefined, findings };
  const moved = decodeJob(moveRoutines(document, moves), graph.limits, true);
  findings.push(...preflight(moved, graph));
  if (findings.length === 0) findings.push(...refusedData(moved, graph, moves));
  return { moved: findings.length === 0 ? moved : undefined, findings };
}

/**
 * Checks the options of an adoption.
 *
 * @throws {TypeError} for options that do not fit the flow
 */
export function resolveMoves(action: string, graph: FlowGraph, options: AdoptOptions): RoutineMoves {
  checkOptions<AdoptOptions>(action, options, {
    ...{ rename: true, renameSlots: true, renameEvents: true, drop: true, dryRun: true },
  });
  const { rename = {}, renameSlots = {}, renameEvents = {}, drop = [] } = options;
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
  const namesOf = (option: "renameSlots" | "renameEvents", given: unknown, has: (routine: Routine<object>) => Names) =>
    resolveNames(`${action}: ${option}`, given, (from) => {
      if (dropped.has(from)) throw new TypeError(`${action}: ${option}: routine "${from}" is dropped`);
      return has(graph.routine(renamed.get(from) ?? from));
    });
  const slots = namesOf("renameSlots", renameSlots, (routine) => declarationOf(routine).slots);
  return {
    renamed,
    dropped,
    slots,
    events: namesOf("renameEvents", renameEvents, (routine) => declarationOf(routine).events),
  };
}

/** The slots or the events of a routine, by their names. */
type Names = ReadonlyMap<string, unknown>;

/** New names by routine and old name: each is one that the routine has. */
function resolveNames(action: string, given: unknown, namesOf: (routine: string) => Names): NameMoves {
  if (!isRecord(given)) throw new TypeError(`${action} must be an object, got ${describeValue(given)}`);
  return new Map(
    Object.entries(given).map(([routine, names]) => {
      if (!isRecord(names)) throw new TypeError(`${action}.${routine} must be an object, got ${describeValue(names)}`);
      const known = namesOf(routine);
      const moves = Object.entries(names).map(([from, to]): [string, string] => {
        if (typeof to === "string" && known.has(to)) return [from, to];
        const has = listNames(known);
        throw new TypeError(`${action} leads from "${from}" of "${routine}" to ${describeValue(to)}; there is ${has}`);
      });
      return [routine, new Map(moves)];
    }),
  );
}

/** What has been delivered to a slot that has another name now, and that its schema refuses. */
function refusedData(job: Job, graph: FlowGraph, { renamed, slots }: RoutineMoves): PreflightFinding[] {
  const targets = new Set(
    Array.from(slots).flatMap(([routine, names]) =>
      Array.from(names.values(), (slot) => slotKey(renamed.get(routine) ?? routine, slot))
    ),
  );
  const tasks = [
    ...Array.from(job.tasks, (task, index) => ({ task, path: `pendingTasks[${index}]` })),
    ...job.failures.map(({ task }, index) => ({ task, path: `failures[${index}].task` })),
  ];
  return tasks.flatMap(({ task, path }) => {
    const { routine, slot } = task.route;
    const hasData = task.details?.awaiting === undefined && task.details?.merged === undefined;
    if (!hasData || !targets.has(slotKey(routine, slot))) return [];
    return refusedBy(graph, task.route, dataOf(task), path);
  });
}

/** The finding about data that the schema of a slot refuses. */
export function refusedBy(
  graph: FlowGraph,
  { routine, slot }: ConnectionTarget,
  data: Payload | undefined,
  path: string,
): PreflightFinding[] {
  const { schema } = graph.slot(routine, slot);
  if (schema === undefined) return [];
  try {
    validate(schema, valueOf(data, graph.registry), `Data for slot "${slot}" of routine "${routine}"`);
    return [];
  } catch (error) {
    return [{ code: "refused_data", path: `${path}.data`, message: describeError(error).message }];
  }
}
