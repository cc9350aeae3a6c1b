import { pathStep } from "../base/path.ts";
import type { PreflightFinding } from "../base/errors.ts";
import type { JobDocument } from "./job.ts";
import type { TaskDocument } from "./task.ts";

/** What becomes of a job's routines in another version of its flow: all others keep their ids. */
export interface RoutineMoves {
  /** New ids, by the old ones. */
  readonly renamed: ReadonlyMap<string, string>;
  /** Those that go, with all that the job holds for them. */
  readonly dropped: ReadonlySet<string>;
}

/** Looks for routines that would become one. */
export function moveConflicts(document: JobDocument, { renamed, dropped }: RoutineMoves): PreflightFinding[] {
  const held = Array.from(routinesOf(document)).filter((id) => !dropped.has(id));
  return Array.from(renamed).flatMap(([from, to]) => {
    const others = held.filter((id) => id !== from && (renamed.get(id) ?? id) === to);
    if (others.length === 0 || !held.includes(from)) return [];
    const names = others.map((id) => `"${id}"`).join(", ");
    const message =
      `routine "${from}" cannot become "${to}": the job holds something for ${names}, which has that id then; ` +
      "rename or drop it as well";
    return [{ code: "rename_conflict", path: `rename${pathStep(from)}`, message }];
  });
}

/** The ids of the routines for which a job holds something. */
function routinesOf(document: JobDocument): ReadonlySet<string> {
  const { arrivals = {}, deferredEvents = [], failures = [], pendingTasks, routineStates = {}, slots = {} } = document;
  const tasks = [...pendingTasks, ...failures.map(({ task }) => task)];
  const children = (document.children ?? []).flatMap(({ jobs }) => jobs);
  return new Set([
    ...[arrivals, routineStates, slots].flatMap(Object.keys),
    ...[...tasks, ...deferredEvents, ...children].map(({ routine }) => routine),
  ]);
}

/**
 * A job's document with its routines as they are in another version of its flow. What has happened is kept, also that of routines that
 * go; their tasks, failures, states, slots and deferred events are not, and nobody waits for their children.
 */
export function moveRoutines(document: JobDocument, { renamed, dropped }: RoutineMoves): JobDocument {
  const idOf = (id: string): string => renamed.get(id) ?? id;
  const isKept = ({ routine }: { readonly routine: string }): boolean => !dropped.has(routine);
  const move = <T extends { readonly routine: string }>(part: T): T => ({ ...part, routine: idOf(part.routine) });
  const byId = <T>(parts: { readonly [id: string]: T } = {}): { [id: string]: T } =>
    Object.fromEntries(
      Object.entries(parts).filter(([id]) => !dropped.has(id)).map(([id, part]) => [idOf(id), part]),
    );
  const moveTask = ({ connection, emitKey, ...task }: TaskDocument): TaskDocument => {
    if (connection === undefined) return move(task);
    // What has come by a routine that goes is a delivery like one from outside: nobody can take it back any more.
    if (dropped.has(connection.routine)) return move(task);
    return { ...move(task), connection: move(connection), ...(emitKey === undefined ? {} : { emitKey }) };
  };
  const { arrivals, children = [], deferredEvents = [], executionHistory = [], failures = [], outputLog = [] } =
    document;
  const { pendingTasks, routineStates, sharedLog = [], slots } = document;
  return {
    ...document,
    arrivals: byId(arrivals),
    children: children.map((it) => ({ ...it, jobs: it.jobs.filter(isKept).map(move) })).filter(({ jobs }) =>
      jobs.length > 0
    ),
    deferredEvents: deferredEvents.filter(isKept).map(move),
    executionHistory: executionHistory.map(move),
    failures: failures.filter(({ task }) => isKept(task)).map((it) => ({ ...it, task: moveTask(it.task) })),
    outputLog: outputLog.map(move),
    pendingTasks: pendingTasks.filter(isKept).map(moveTask),
    routineStates: byId(routineStates),
    sharedLog: sharedLog.map(move),
    slots: byId(slots),
  };
}
