import type { ReadyQueue } from "../../job/ready_queue.ts";
import { isActive, priorityOf, type Task } from "../../job/task.ts";
import type { Plan } from "../activation/plan.ts";
import type { Committer } from "./committer.ts";
import type { Director } from "./director.ts";

/**
 * Keeps to the most handlers of a routine that may wait at once, in a concurrent job. A task whose routine has no room is set aside, so
 * that the tasks behind it run; it comes back when its routine has room again.
 */
export class ConcurrencyLimits {
  readonly #plan: Plan;
  readonly #committer: Committer;
  /** How many handlers wait, by routine: only of those with a limit. */
  readonly #waiting: Map<string, number> = new Map();

  /** Makes the limits of the routines of a flow. */
  constructor(plan: Plan, committer: Committer) {
    this.#plan = plan;
    this.#committer = committer;
  }

  /** Takes the first task whose routine has room, unless it must wait for the store: each one that comes to be the first is asked. */
  take(highWater: number, director: Director | undefined): Task | undefined {
    const { queue } = this.#committer;
    for (;;) {
      queue.putBack((routine) => this.#hasRoom(routine));
      if (this.#committer.isHeld(highWater)) return undefined;
      const task = takeNext(queue, highWater, director);
      if (task === undefined || this.#hasRoom(task.route.routine)) return task;
      queue.setAside(task);
    }
  }

  /** A handler of a routine begins to wait. */
  began(routine: string): void {
    if (this.#limitOf(routine) === Infinity) return;
    this.#waiting.set(routine, (this.#waiting.get(routine) ?? 0) + 1);
  }

  /** A handler of a routine waits no more. */
  ended(routine: string): void {
    const count = this.#waiting.get(routine);
    if (count !== undefined) this.#waiting.set(routine, count - 1);
  }

  #hasRoom(routine: string): boolean {
    return (this.#waiting.get(routine) ?? 0) < this.#limitOf(routine);
  }

  #limitOf(routine: string): number {
    // Unreachable default: the plan has the routines of all tasks.
    return this.#plan.routines.get(routine)?.concurrency ?? Infinity;
  }
}

/** The limits of a job's routines; `undefined` where none can be reached. */
export function concurrencyLimitsOf(plan: Plan, committer: Committer, workers: number): ConcurrencyLimits | undefined {
  const isLimited = Array.from(plan.routines.values()).some(({ concurrency }) => concurrency < workers);
  return isLimited ? new ConcurrencyLimits(plan, committer) : undefined;
}

/** How many of the oldest tasks a director chooses from. */
const CHOICE = 8;

/** Takes the task that runs next: the one that ranks first, or with a director, one that ranks as high. */
export function takeNext(
  queue: ReadyQueue,
  highWater: number,
  director: Director | undefined,
): Task | undefined {
  const first = queue.take(highWater);
  return director === undefined || first === undefined ? first : takeEqual(queue, first, director);
}

/**
 * Takes the task that a director chooses among equals. Tasks that rank before others by more than their age stay first: those
 * that were active in a snapshot, parked ones, and those of a higher priority.
 */
function takeEqual(queue: ReadyQueue, first: Task, director: Director): Task | undefined {
  if (isActive(first) || first.details?.parked === true) return first;
  const equals = [first];
  while (equals.length < CHOICE) {
    // At a high-water mark of 0 no parked task is taken.
    const next = queue.take(0);
    if (next === undefined) break;
    if (priorityOf(next) !== priorityOf(first)) {
      queue.addReady(next);
      break;
    }
    equals.push(next);
  }
  const [chosen] = equals.splice(director.choose(equals.length), 1);
  for (const task of equals) queue.addReady(task);
  return chosen;
}
