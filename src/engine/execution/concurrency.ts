import type { ReadyQueue } from "../../job/ready_queue.ts";
import type { Instant, Task } from "../../job/task.ts";
import type { Plan } from "../activation/plan.ts";
import { type Director, takeNext } from "./director.ts";

/**
 * Keeps to the most handlers of a routine that may wait at once, in a concurrent job. A task whose routine has no room is set aside, so
 * that the tasks behind it run; it comes back when its routine has room again.
 */
export class ConcurrencyLimits {
  readonly #plan: Plan;
  readonly #queue: ReadyQueue;
  /** How many handlers wait, by routine: only of those with a limit. */
  readonly #waiting: Map<string, number> = new Map();

  /** Makes the limits of the routines of a flow. */
  constructor(plan: Plan, queue: ReadyQueue) {
    this.#plan = plan;
    this.#queue = queue;
  }

  /** Takes the first task whose routine has room. */
  take(highWater: number, time: Instant, director: Director | undefined): Task | undefined {
    for (;;) {
      this.#queue.putBack((routine) => this.#hasRoom(routine));
      const task = takeNext(this.#queue, highWater, time, director);
      if (task === undefined || this.#hasRoom(task.route.routine)) return task;
      this.#queue.setAside(task);
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
    return this.#plan.routines.get(routine)?.concurrency ?? Infinity;
  }
}

/** Takes the task that runs next; where routines have limits, the first whose routine has room. */
export function takeTask(
  limits: ConcurrencyLimits | undefined,
  queue: ReadyQueue,
  highWater: number,
  time: Instant,
  director: Director | undefined,
): Task | undefined {
  return limits === undefined ? takeNext(queue, highWater, time, director) : limits.take(highWater, time, director);
}

/** The limits of a job's routines; `undefined` where none can be reached. */
export function limitsOf(plan: Plan, queue: ReadyQueue, workers: number): ConcurrencyLimits | undefined {
  const isLimited = Array.from(plan.routines.values()).some(({ concurrency }) => concurrency < workers);
  return isLimited ? new ConcurrencyLimits(plan, queue) : undefined;
}
