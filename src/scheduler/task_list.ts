import type { Task } from "./task.ts";

/** All tasks of a job that have not ended, by id: linked, so that any of them leaves at no cost. */
export class TaskList implements Iterable<Task> {
  #first: Task | undefined;
  #last: Task | undefined;
  #size = 0;

  /** How many tasks there are. */
  get size(): number {
    return this.#size;
  }

  /** Says whether a task is in a list. A task is in one list at the most. */
  has(task: Task): boolean {
    return task.previous !== undefined || task === this.#first;
  }

  /** Adds a task at the end: its id is the highest. */
  add(task: Task): void {
    task.previous = this.#last;
    task.next = undefined;
    if (this.#last === undefined) this.#first = task;
    else this.#last.next = task;
    this.#last = task;
    this.#size++;
  }

  /** Takes a task out. */
  delete(task: Task): void {
    if (task.previous === undefined) this.#first = task.next;
    else task.previous.next = task.next;
    if (task.next === undefined) this.#last = task.previous;
    else task.next.previous = task.previous;
    task.previous = undefined;
    task.next = undefined;
    this.#size--;
  }

  /** The tasks by id. */
  *[Symbol.iterator](): Generator<Task, void, undefined> {
    for (let task = this.#first; task !== undefined; task = task.next) yield task;
  }
}
