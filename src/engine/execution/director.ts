import { type Instant, isActive, priorityOf, type Task } from "../../job/task.ts";
import type { ReadyQueue } from "../../job/ready_queue.ts";
import type { Activation } from "../activation/activation.ts";

/** Makes the choices that are left to chance outside of simulations. */
export interface Director {
  /** Chooses the next of `count` ready tasks that differ in age only: 0 is the oldest. */
  choose(count: number): number;
  /** Runs a handler, or does not; its result or error counts as the handler's. */
  call(activation: Activation, run: () => unknown): unknown;
}

/** How many of the oldest tasks a director chooses from. */
const CHOICE = 8;

/** Takes the task that runs next: the one that ranks first, or with a director, one that ranks as high. */
export function takeNext(
  queue: ReadyQueue,
  highWater: number,
  time: Instant,
  director: Director | undefined,
): Task | undefined {
  const first = queue.take(highWater);
  return director === undefined || first === undefined ? first : takeEqual(queue, first, time, director);
}

/**
 * Takes the task that a director chooses among equals. Tasks that rank before others by more than their age stay first: those
 * that were active in a snapshot, parked ones, and those of a higher priority.
 */
function takeEqual(queue: ReadyQueue, first: Task, time: Instant, director: Director): Task | undefined {
  if (isActive(first) || first.details?.parked === true) return first;
  const equals = [first];
  while (equals.length < CHOICE) {
    // At a high-water mark of 0 no parked task is taken.
    const next = queue.take(0);
    if (next === undefined) break;
    if (priorityOf(next) !== priorityOf(first)) {
      queue.add(next, time);
      break;
    }
    equals.push(next);
  }
  const [chosen] = equals.splice(director.choose(equals.length), 1);
  for (const task of equals) queue.add(task, time);
  return chosen;
}
