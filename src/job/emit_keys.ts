import { type ConnectionSource, isFailureOrigin } from "../model/connection.ts";
import type { Job } from "./job.ts";
import { isActive, type Task } from "./task.ts";

/** The pending tasks that were emitted with a key, by routine, event and key; most jobs have none. */
export type KeyedTasks = Map<string, Set<Task>>;

/** An emission that its emitter may replace or take back. */
export interface KeyedSource {
  /** The event. */
  readonly source: ConnectionSource;
  /** The key that it was emitted with. */
  readonly emitKey: string;
}

/** One text for an event and a key: no two pairs share one. */
export function emissionName({ source: { routine, event }, emitKey }: KeyedSource): string {
  return `${routine.length}:${event.length}:${routine}${event}${emitKey}`;
}

/** Notes a pending task that was emitted with a key. */
export function noteKeyed(job: Job, task: Task): void {
  const name = nameOf(task);
  if (name === undefined) return;
  const keyed = job.keyed ??= new Map();
  keyed.set(name, (keyed.get(name) ?? new Set<Task>()).add(task));
}

/** Forgets a task that has ended, or was taken back. */
export function forgetKeyed(job: Job, task: Task): void {
  const name = nameOf(task);
  if (name === undefined) return;
  const others = job.keyed?.get(name);
  others?.delete(task);
  if (others?.size === 0) job.keyed?.delete(name);
  if (job.keyed?.size === 0) job.keyed = undefined;
}

/**
 * The deliveries of an emission that may be taken back: those that no handler works on, and that have committed no step. One that
 * has failed and waits for a retry is among them.
 */
export function withdrawable({ keyed }: Job, emission: KeyedSource): Task[] {
  const tasks = [...keyed?.get(emissionName(emission)) ?? []];
  // Unreachable default: they have the key that they were emitted with.
  return tasks.filter((task) => !isActive(task) && (task.details?.step ?? 0) === 0);
}

function nameOf({ route: { connection }, details }: Task): string | undefined {
  const emitKey = details?.emitKey;
  return emitKey === undefined || connection === undefined || isFailureOrigin(connection)
    ? undefined
    : emissionName({ source: connection, emitKey });
}
