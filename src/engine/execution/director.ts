import type { Instant } from "../../job/moment.ts";
import type { ReadyQueue } from "../../job/ready_queue.ts";
import { isActive, priorityOf, type Task } from "../../job/task.ts";
import type { Activation } from "../activation/activation.ts";

/** Decides in an engine's place what is left to chance in the world: for simulations. */
export interface Director {
  /** Which of so many ready tasks runs next that differ in nothing but age: 0 is the oldest. */
  choose(count: number): number;
  /** Runs a handler, or does not; the engine takes what this returns or throws for the handler's. */
  call(activation: Activation, run: () => unknown): unknown;
}

/** How many of the oldest tasks a director chooses from. */
const CHOICE = 8;

/** Takes the task that runs next: the one that ranks first, or where there is a director, one that ranks as high. */
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
 * Takes the task that a director chooses among equals. What ranks before others by more than its age stays there: tasks
 * that were active in a snapshot, parked ones, and those of a higher priority.
 */
function takeEqual(queue: ReadyQueue, first: Task, time: Instant, director: Director): Task | undefined {
  if (isActive(first) || first.details?.parked === true) return first;
  const equals = [first];
  while (equals.length < CHOICE) {
    // None is parked of what is taken at a high-water mark of 0.
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
