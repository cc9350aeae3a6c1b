import { pathStep } from "../base/path.ts";
import type { PreflightFinding } from "../base/errors.ts";
import { isFailureOrigin, type TaskSource } from "../model/connection.ts";
import type { ChildDocument } from "./children.ts";
import type { JobDocument } from "./job.ts";
import type { TaskDocument } from "./task.ts";

/** What becomes of a job's routines in another version of its flow: all others keep their ids. */
export interface RoutineMoves {
  /** New ids, by the old ones. */
  readonly renamed: ReadonlyMap<string, string>;
  /** Those that go, with all that the job holds for them. */
  readonly dropped: ReadonlySet<string>;
  /** New names of slots by the old ones, by the old ids of their routines. */
  readonly slots: NameMoves;
  /** New names of events, likewise. */
  readonly events: NameMoves;
}

/** New names, by the old id of a routine and the old name. */
export type NameMoves = ReadonlyMap<string, ReadonlyMap<string, string>>;

/** Looks for routines that would become one, and for slots that would. */
export function moveConflicts(document: JobDocument, { renamed, dropped, slots }: RoutineMoves): PreflightFinding[] {
  const held = Array.from(routinesOf(document)).filter((id) => !dropped.has(id));
  const ofSlots = Array.from(slots).flatMap(([routine, names]) => {
    const has = slotsOf(document, routine);
    return Array.from(names).flatMap(([from, to]) => {
      const others = Array.from(has).filter((name) => name !== from && (names.get(name) ?? name) === to);
      return has.has(from) && others.length > 0 ? [slotConflict(routine, from, to, others)] : [];
    });
  });
  return [
    ...ofSlots,
    ...Array.from(renamed).flatMap(([from, to]) => {
      const others = held.filter((id) => id !== from && (renamed.get(id) ?? id) === to);
      if (others.length === 0 || !held.includes(from)) return [];
      const names = others.map((id) => `"${id}"`).join(", ");
      const message =
        `routine "${from}" cannot become "${to}": the job holds something for ${names}, which has that id then; ` +
        "rename or drop it as well";
      return [{ code: "rename_conflict", path: `rename${pathStep(from)}`, message }];
    }),
  ];
}

function slotConflict(routine: string, from: string, to: string, others: readonly string[]): PreflightFinding {
  const names = others.map((name) => `"${name}"`).join(", ");
  const message =
    `slot "${from}" of routine "${routine}" cannot become "${to}": the job holds something for ${names}, ` +
    "which has that name then; rename it as well";
  return { code: "rename_conflict", path: `renameSlots${pathStep(routine)}${pathStep(from)}`, message };
}

/** The names of the slots of a routine for which a job holds something. */
function slotsOf(document: JobDocument, routine: string): ReadonlySet<string> {
  const { arrivals = {}, failures = [], pendingTasks, slots = {} } = document;
  const children = (document.children ?? []).flatMap(({ jobs }) => jobs);
  const tasks = [...pendingTasks, ...failures.map(({ task }) => task)].filter((task) => task.routine === routine);
  return new Set([
    ...[arrivals, slots].flatMap((all) => Object.keys(new Map<string, object>(Object.entries(all)).get(routine) ?? {})),
    ...tasks.flatMap(({ slot, awaiting }) => [slot, ...awaiting?.onTimeout === undefined ? [] : [awaiting.onTimeout]]),
    ...children.flatMap((child) => child.routine === routine && child.to !== undefined ? [child.to] : []),
  ]);
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
 * A job's document with its routines, slots and events as they are in another version of its flow. What has happened is kept, also that of routines that
 * go; their tasks, failures, states, slots and deferred events are not, and nobody waits for their children.
 */
export function moveRoutines(document: JobDocument, { renamed, dropped, ...names }: RoutineMoves): JobDocument {
  const idOf = (id: string): string => renamed.get(id) ?? id;
  const slotOf = (id: string, slot: string): string => names.slots.get(id)?.get(slot) ?? slot;
  const eventOf = (id: string, event: string): string => names.events.get(id)?.get(event) ?? event;
  const isKept = ({ routine }: { readonly routine: string }): boolean => !dropped.has(routine);
  const move = <T extends { readonly routine: string }>(part: T): T => ({ ...part, routine: idOf(part.routine) });
  const byId = <T>(parts: { readonly [id: string]: T } = {}): { [id: string]: T } =>
    Object.fromEntries(
      Object.entries(parts).filter(([id]) => !dropped.has(id)).map(([id, part]) => [idOf(id), part]),
    );
  const moveEvent = <T extends { readonly routine: string; readonly event?: string }>(part: T): T =>
    part.event === undefined ? move(part) : { ...move(part), event: eventOf(part.routine, part.event) };
  const moveSource = (source: TaskSource): TaskSource =>
    isFailureOrigin(source) ? { ...move(source), slot: slotOf(source.routine, source.slot) } : moveEvent(source);
  const moveTask = ({ connection, emitKey, awaiting, ...task }: TaskDocument): TaskDocument => {
    const { onTimeout } = awaiting ?? {};
    const waiting = onTimeout === undefined ? awaiting : { ...awaiting, onTimeout: slotOf(task.routine, onTimeout) };
    const moved = {
      ...move(task),
      slot: slotOf(task.routine, task.slot),
      ...(waiting === undefined ? {} : { awaiting: waiting }),
    };
    // What has come by a routine that goes is a delivery like one from outside: nobody can take it back any more.
    if (connection === undefined || dropped.has(connection.routine)) return moved;
    return { ...moved, connection: moveSource(connection), ...(emitKey === undefined ? {} : { emitKey }) };
  };
  const moveChild = (child: ChildDocument): ChildDocument =>
    child.to === undefined ? move(child) : { ...move(child), to: slotOf(child.routine, child.to) };
  const bySlot = <T>(parts: { readonly [id: string]: { readonly [slot: string]: T } } = {}) =>
    byId(
      Object.fromEntries(
        Object.entries(parts).map(([id, all]) => [
          id,
          Object.fromEntries(Object.entries(all).map(([slot, part]) => [slotOf(id, slot), part])),
        ]),
      ),
    );
  const { arrivals, children = [], deferredEvents = [], executionHistory = [], failures = [], outputLog = [] } =
    document;
  const { pendingTasks, routineStates, sharedLog = [], slots } = document;
  return {
    ...document,
    arrivals: bySlot(arrivals),
    children: children.map((it) => ({ ...it, jobs: it.jobs.filter(isKept).map(moveChild) })).filter(({ jobs }) =>
      jobs.length > 0
    ),
    deferredEvents: deferredEvents.filter(isKept).map(moveEvent),
    executionHistory: executionHistory.map(moveEvent),
    failures: failures.filter(({ task }) => isKept(task)).map((it) => ({ ...it, task: moveTask(it.task) })),
    outputLog: outputLog.map(move),
    pendingTasks: pendingTasks.filter(isKept).map(moveTask),
    routineStates: byId(routineStates),
    sharedLog: sharedLog.map(move),
    slots: bySlot(slots),
  };
}
