import { Fifo } from "../base/fifo.ts";
import { Heap } from "../base/heap.ts";
import { hasEnded, isAtItsEnd, type Job } from "./job.ts";
import { dueAt, type Instant, isActive, priorityOf, type Task, TASK_PRIORITIES, type TaskDetails } from "./task.ts";

/** So many tasks may wait before those are looked for that wait no more. */
const FIRST_MOST_WAITING = 64;

interface Waiting {
  readonly task: Task;
  /** The instant that it waits for. */
  readonly due: number;
  /** What the wall clock shows when it has waited long enough: earlier, where the clock was set back meanwhile. */
  readonly at: number;
  /** By how much the wall clock had been set when it began to wait. */
  readonly setBy: number;
  /** The task's details when it began to wait: it has others when it has been filled, has run or has failed since. */
  readonly details: TaskDetails;
}

/** The ready tasks of one priority. New ones come in the order of their ids; others find their place in a heap. */
class Lane {
  readonly fresh: Fifo<Task> = new Fifo();
  readonly late: Heap<Task> = new Heap(hasLowerId);
  readonly parked: Heap<Task> = new Heap(hasLowerId);
  /** Tasks that were taken back, and still stand behind others: they are never the first. Most lanes never have any. */
  withdrawn: Set<Task> | undefined;
  newest = 0;

  get ready(): number {
    const size = this.fresh.size + this.late.size;
    return this.withdrawn === undefined ? size : size - this.withdrawn.size;
  }

  get isEmpty(): boolean {
    return this.ready === 0 && this.parked.size === 0;
  }

  add(task: Task): void {
    if (task.id > this.newest) {
      this.newest = task.id;
      this.fresh.push(task);
    } else this.late.push(task);
  }

  peek(withParked: boolean): Task | undefined {
    return this.#first(withParked).peek();
  }

  take(withParked: boolean): Task | undefined {
    // Most lanes have nothing else.
    if (this.withdrawn === undefined && this.late.size === 0 && (!withParked || this.parked.size === 0)) {
      return this.fresh.shift();
    }
    const first = this.#first(withParked);
    const task = first instanceof Heap ? first.pop() : first.shift();
    if (this.withdrawn !== undefined) this.#dropFirst(this.withdrawn);
    return task;
  }

  /** Leaves out a task that is ready. */
  withdraw(task: Task): void {
    this.#dropFirst((this.withdrawn ??= new Set()).add(task));
  }

  #dropFirst(withdrawn: Set<Task>): void {
    for (const tasks of [this.fresh, this.late]) {
      for (let first = tasks.peek(); first !== undefined && withdrawn.delete(first); first = tasks.peek()) {
        if (tasks instanceof Heap) tasks.pop();
        else tasks.shift();
      }
    }
    if (withdrawn.size === 0) this.withdrawn = undefined;
  }

  /** Where the task with the lowest id is. */
  #first(withParked: boolean): Fifo<Task> | Heap<Task> {
    if (this.late.size === 0 && !(withParked && this.parked.size > 0)) return this.fresh;
    const fresh = this.fresh.peek();
    const late = this.late.peek();
    const parked = withParked ? this.parked.peek() : undefined;
    if (isFirst(parked, fresh) && isFirst(parked, late)) return this.parked;
    return isFirst(late, fresh) ? this.late : this.fresh;
  }
}

/**
 * The order in which a job's tasks run: those that were active in a snapshot first, by id; then by priority and id.
 * Waiting ones join when their time comes, parked ones only while few others are ready.
 */
export class ReadyQueue {
  readonly #job: Job;
  readonly #resumed: Heap<Task> = new Heap(hasLowerId);
  readonly #normal: Lane = new Lane();
  /** Whether a task has ever been anywhere but in that lane: taking the first is simpler till then. */
  #hasOthers = false;
  /** Few jobs have tasks that are more urgent than others, or less. */
  #high: Lane | undefined;
  #low: Lane | undefined;
  /** Tasks that run when nothing else of the job is left, one at a time. */
  #last: Lane | undefined;
  /** The one of them that was taken before. */
  #lastTaken: Task | undefined;
  #waiting: Heap<Waiting> = new Heap(isDueBefore);
  /** At this size, those go that wait no more. */
  #mostWaiting = FIRST_MOST_WAITING;
  /** The tasks that wait, or have just waited, and were emitted with a key: the others are never taken back. */
  #keyed: Set<Task> | undefined;
  /** Those of them that are ready: they let tasks from outside go first. Some were taken back since. */
  #reminders: Heap<Task> | undefined;
  /** How many ready tasks come from outside. */
  #outside = 0;
  /** Ready tasks whose routines have no room, by routine: most jobs never have any. */
  #aside: Map<string, Heap<Task>> | undefined;
  #setAside: Set<Task> | undefined;
  /** By how much the wall clock has been set. */
  #setBy = 0;

  /** Makes an empty queue for the tasks of a job. */
  constructor(job: Job) {
    this.#job = job;
  }

  /** Adds all tasks that the job has, but for some. To be called once, before others are added. */
  fill(time: Instant, without?: readonly Task[]): this {
    for (const task of this.#job.tasks) {
      if (without?.includes(task) === true) continue;
      if (isActive(task)) this.#resumed.push(task);
      else this.add(task, time);
    }
    this.#hasOthers ||= this.#resumed.size > 0;
    return this;
  }

  /** How many tasks could run at once: neither parked nor waiting. */
  get ready(): number {
    return this.#resumed.size + (this.#high?.ready ?? 0) + this.#normal.ready + (this.#low?.ready ?? 0) +
      (this.#reminders?.size ?? 0);
  }

  /** Says whether nothing could run now, not even a parked task. */
  get isEmpty(): boolean {
    return this.#resumed.size === 0 && this.#normal.isEmpty && this.#high?.isEmpty !== false &&
      this.#low?.isEmpty !== false && this.#lastLane === undefined && this.#aside === undefined &&
      this.#reminder === undefined;
  }

  /** The tasks that are to be the last, while it is their turn and there are some. */
  get #lastLane(): Lane | undefined {
    if (this.#last === undefined || this.#last.isEmpty || !isAtItsEnd(this.#job)) return undefined;
    const taken = this.#lastTaken;
    return taken !== undefined && isActive(taken) && this.#job.tasks.has(taken) ? undefined : this.#last;
  }

  /** Says whether tasks wait for their time. */
  get hasWaiting(): boolean {
    return this.#waiting.size > 0;
  }

  /** Adds tasks that a commit has made ready. */
  addAll(tasks: readonly Task[], time: Instant): void {
    // An indexed loop stays within the inlining budget.
    for (let i = 0; i < tasks.length; i++) {
      const task = tasks[i];
      if (task !== undefined) this.add(task, time);
    }
  }

  /** Adds a task of the job, where it belongs now. */
  add(task: Task, time: Instant): void {
    if (task.details !== undefined) return this.#addDetailed(task, task.details, time);
    this.#normal.add(task);
    if (isFromOutside(task)) this.#outside++;
  }

  #addDetailed(task: Task, details: TaskDetails, { at: now }: Instant): void {
    const due = dueAt(task);
    const mayBeTakenBack = details.emitKey !== undefined && due !== undefined && !details.parked;
    if (mayBeTakenBack) (this.#keyed ??= new Set()).add(task);
    if (details.awaiting !== undefined || mayBeTakenBack || (due !== undefined && due > now)) {
      if (due !== undefined) this.#wait({ task, due, at: due, setBy: this.#setBy, details });
    } else this.addReady(task);
  }

  /** Adds a task that is ready, where it belongs. */
  addReady(task: Task): void {
    const { details } = task;
    if (details?.parked === true) return this.#lane(task).parked.push(task);
    if (details?.emitKey !== undefined && details.notBefore !== undefined && details.priority !== "last") {
      (this.#keyed ??= new Set()).add(task);
      this.#hasOthers = true;
      return (this.#reminders ??= new Heap(ranksBefore)).push(task);
    }
    this.#lane(task).add(task);
    if (isFromOutside(task)) this.#outside++;
  }

  /** The time of tasks that `wake` has returned has come: those that were taken back meanwhile are left out. */
  release(tasks: readonly Task[]): void {
    for (const task of tasks) if (this.#keyed?.delete(task) === true) this.addReady(task);
  }

  /** The first delayed emission with a key whose time has come, if it may run now: the answer that takes it back may have come. */
  get #reminder(): Task | undefined {
    if (this.#reminders === undefined || this.#outside > 0) return undefined;
    let first = this.#reminders.peek();
    while (first !== undefined && this.#keyed?.has(first) !== true) {
      this.#reminders.pop();
      first = this.#reminders.peek();
    }
    if (first === undefined) this.#reminders = undefined;
    return first;
  }

  /** Entries of tasks that wait no more stay till they are due: so they must not become more than the others. */
  #wait(entry: Waiting): void {
    if (this.#waiting.size >= this.#mostWaiting) {
      this.#replaceWaiting((each) => this.#isWaiting(each) ? each : undefined);
      this.#mostWaiting = Math.max(FIRST_MOST_WAITING, 2 * this.#waiting.size);
    }
    this.#waiting.push(entry);
  }

  #replaceWaiting(replace: (entry: Waiting) => Waiting | undefined): void {
    const waiting = this.#waiting;
    this.#waiting = new Heap(isDueBefore);
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const entry = replace(next);
      if (entry !== undefined) this.#waiting.push(entry);
    }
  }

  #isWaiting({ task, details }: Waiting): boolean {
    return this.#job.tasks.has(task) && task.details === details;
  }

  /** Leaves out tasks that have been taken back, and that no handler has begun. */
  withdraw(tasks: readonly Task[]): void {
    for (const task of tasks) {
      if (this.#keyed?.delete(task) !== true && this.#setAside?.delete(task) !== true) this.#lane(task).withdraw(task);
    }
  }

  /** Keeps a task that has been taken until others of its routine are done. */
  setAside(task: Task): void {
    const { routine } = task.route;
    const aside = this.#aside ??= new Map<string, Heap<Task>>();
    const tasks = aside.get(routine) ?? new Heap<Task>(ranksBefore);
    aside.set(routine, tasks);
    tasks.push(task);
    (this.#setAside ??= new Set()).add(task);
  }

  /** Puts the first task back that was set aside of each routine that has room. */
  putBack(hasRoom: (routine: string) => boolean): void {
    if (this.#aside === undefined) return;
    for (const [routine, tasks] of this.#aside) {
      if (!hasRoom(routine)) continue;
      // Those that were taken back meanwhile are left out.
      let task = tasks.pop();
      while (task !== undefined && this.#setAside?.delete(task) !== true) task = tasks.pop();
      if (task !== undefined) this.addReady(task);
      if (tasks.size === 0) this.#aside.delete(routine);
    }
    if (this.#aside.size === 0) this.#aside = undefined;
  }

  /** The task that `take` would take now. */
  peek(highWater: number): Task | undefined {
    const resumed = this.#resumed.peek();
    if (resumed !== undefined) return resumed;
    const withParked = this.ready < highWater;
    const task = this.#high?.peek(withParked) ?? this.#normal.peek(withParked) ?? this.#low?.peek(withParked) ??
      this.#lastLane?.peek(withParked);
    const reminder = this.#reminder;
    return task === undefined || (reminder !== undefined && ranksBefore(reminder, task)) ? reminder : task;
  }

  /** Takes the task that runs next; a parked one only while fewer than `highWater` others are ready. */
  take(highWater: number): Task | undefined {
    if (this.#hasOthers) return this.#takeFirst(highWater);
    const task = this.#normal.take(this.#normal.ready < highWater);
    if (task !== undefined && isFromOutside(task)) this.#outside--;
    return task;
  }

  #takeFirst(highWater: number): Task | undefined {
    if (this.#resumed.size > 0) return this.#resumed.pop();
    if (this.#reminders !== undefined && this.#reminder !== undefined && this.peek(highWater) === this.#reminder) {
      const reminder = this.#reminders.pop();
      if (reminder !== undefined) this.#keyed?.delete(reminder);
      return reminder;
    }
    const withParked = this.ready < highWater;
    const task = this.#high?.take(withParked) ?? this.#normal.take(withParked) ?? this.#low?.take(withParked) ??
      this.#takeLast(withParked);
    if (task !== undefined && isFromOutside(task)) this.#outside--;
    return task;
  }

  #takeLast(withParked: boolean): Task | undefined {
    const task = this.#lastLane?.take(withParked);
    if (task !== undefined) this.#lastTaken = task;
    return task;
  }

  /**
   * Makes waiting tasks ready whose time has come. Returns those about which is to be decided: awaited deliveries whose deadline has
   * passed, and tasks that may be taken back.
   */
  wake({ at: now }: Instant): Task[] {
    const undecided: Task[] = [];
    for (let next = this.#firstWaiting(); next !== undefined && next.at <= now; next = this.#firstWaiting()) {
      this.#waiting.pop();
      if (next.details.awaiting !== undefined || this.#keyed?.has(next.task) === true) undecided.push(next.task);
      else this.addReady(next.task);
    }
    return undecided;
  }

  /**
   * The wall clock has been set forward by some milliseconds, or back, if they are negative. No task waits longer for that: each
   * is due at its instant, or when as much time has passed as was left until then.
   */
  clockSet(byMs: number): void {
    this.#setBy += byMs;
    this.#replaceWaiting((each) => ({ ...each, at: each.due + Math.min(0, this.#setBy - each.setBy) }));
  }

  /** The instant at which the next waiting task is due; `undefined` when none waits for time. */
  nextDueAt(): number | undefined {
    return this.#firstWaiting()?.at;
  }

  /** Entries of tasks that have been filled or have ended meanwhile are left behind; here they go. */
  #firstWaiting(): Waiting | undefined {
    for (;;) {
      const first = this.#waiting.peek();
      if (first === undefined || this.#isWaiting(first)) return first;
      this.#waiting.pop();
    }
  }

  #lane(task: Task): Lane {
    const priority = priorityOf(task);
    if (priority === "normal") return this.#normal;
    this.#hasOthers = true;
    if (priority === "last") return this.#last ??= new Lane();
    return priority === "high" ? this.#high ??= new Lane() : this.#low ??= new Lane();
  }
}

/**
 * The instant at which a job's next task is or was due, or the job's time is up: now, when a task is ready that waits for no instant, or a
 * child is to be started.
 */
export function nextDueAt(job: Job, now: number): number | undefined {
  if (hasEnded(job.status)) return undefined;
  return job.children?.hasUnsettled === true ? now : nextOwnDueAt(job, now);
}

/** The same of a job whose children may be parts of it: then when the first of them all is due, or has ended. */
export function nextDueInside(job: Job, now: number): number | undefined {
  if (hasEnded(job.status)) return undefined;
  const all = Array.from(job.children ?? [], ({ start, inner, isLeft }) => {
    if (inner === undefined) return start !== undefined || isLeft ? now : undefined;
    if (hasEnded(inner.job.status)) return now;
    return inner.job.status === "paused" ? undefined : nextDueInside(inner.job, now);
  });
  const next = Math.min(...[nextOwnDueAt(job, now), ...all].map((at) => at ?? Infinity));
  return next === Infinity ? undefined : next;
}

function nextOwnDueAt(job: Job, now: number): number | undefined {
  let next = job.deadline?.until ?? Infinity;
  const isEnd = job.tasks.size === job.lastTasks && job.children === undefined;
  for (const task of job.tasks) {
    if (!isEnd && priorityOf(task) === "last") continue;
    const due = dueAt(task) ?? (task.details?.awaiting === undefined ? now : Infinity);
    next = Math.min(next, due);
  }
  return next === Infinity ? undefined : next;
}

/** Whether a task was delivered from outside of the job, or tells of a deadline. One that is parked is none: it may never end. */
function isFromOutside({ route, details }: Task): boolean {
  return route.connection === undefined && details?.parked !== true;
}

function hasLowerId(a: Task, b: Task): boolean {
  return a.id < b.id;
}

function ranksBefore(a: Task, b: Task): boolean {
  const [first, second] = [TASK_PRIORITIES.indexOf(priorityOf(a)), TASK_PRIORITIES.indexOf(priorityOf(b))];
  return first < second || (first === second && a.id < b.id);
}

function isDueBefore(a: Waiting, b: Waiting): boolean {
  return a.at < b.at || (a.at === b.at && a.task.id < b.task.id);
}

function isFirst(task: Task | undefined, other: Task | undefined): boolean {
  return task !== undefined && (other === undefined || task.id < other.id);
}
