import type { Expectation } from "./decide.ts";
import type { Job } from "./job.ts";
import { hasStarted, NO_DETAILS, type Task, type TaskDetails } from "./task.ts";

/**
 * Deliveries from outside that nobody awaited when they came, by routine and slot: the ids of their tasks, oldest first. One that
 * came since the asker's task had entered the job is the answer to what the asker expects later, for the reply may be quicker than the
 * commit of the question. Whether a task will ask is not known before: a delivery is noted while an older task of its routine
 * is pending, or has failed and may be put back.
 */
export type Arrivals = Map<string, Map<string, number[]>>;

/** More notes of a slot are not kept: only the newest. */
const MOST_NOTES = 1_000;
/** How many pending tasks are looked at: a note too many does no harm, and a job may have a million tasks. */
const MOST_LOOKS = 100;

/** Notes a delivery that makes a task of its own, if an older task may still ask for it. */
export function noteArrival(job: Job, { id, route: { routine, slot } }: Task): void {
  const asker = firstAsker(job, routine);
  if (asker === undefined) return;
  const arrivals = job.arrivals ??= new Map();
  const slots = arrivals.get(routine) ?? new Map<string, number[]>();
  arrivals.set(routine, slots);
  const ids = slots.get(slot) ?? [];
  slots.set(slot, ids);
  ids.push(id);
  if (ids.length > MOST_NOTES) ids.shift();
}

/** Drops the notes of a routine for which no task may ask: one of its tasks has ended, or was answered by some of them. */
export function dropArrivals(job: Job, routine: string, answers: readonly number[] = []): void {
  const slots = job.arrivals?.get(routine);
  if (slots === undefined) return;
  const asker = firstAsker(job, routine) ?? Infinity;
  for (const [slot, ids] of slots) {
    // The oldest is the first: while a job works off many deliveries, nothing has to be dropped.
    if (answers.length === 0 && ids[0] !== undefined && ids[0] > asker) continue;
    const left = ids.filter((id) => id > asker && !answers.includes(id));
    if (left.length > 0) slots.set(slot, left);
    else slots.delete(slot);
  }
  if (slots.size === 0) job.arrivals?.delete(routine);
  if (job.arrivals?.size === 0) job.arrivals = undefined;
}

/** The id of the oldest task of a routine that may still ask, or a smaller one where many tasks are in the way; `undefined` when there is none. */
function firstAsker({ tasks, failures }: Job, routine: string): number | undefined {
  let looks = 0;
  let first: number | undefined;
  for (const { task: { id, route }, isHandled } of failures) {
    if (++looks === MOST_LOOKS) return 0;
    // What a handled failure has asked for was made good: put back, its task asks anew.
    if (route.routine === routine && !isHandled && id < (first ?? Infinity)) first = id;
  }
  for (const { id, route } of tasks) {
    if (route.routine === routine || ++looks === MOST_LOOKS) return Math.min(id, first ?? id);
  }
  return first;
}

/**
 * Lets a delivery wait until a job begins that begins at a later instant: the delivery is handled after the job's first task, on
 * whose work its handler may rely. `undefined` when the first task has run, or does not wait.
 */
export function untilBegin({ tasks }: Job): TaskDetails | undefined {
  for (const task of tasks) {
    const { notBefore } = task.details ?? {};
    return task.id > 1 || notBefore === undefined || hasStarted(task) ? undefined : { ...NO_DETAILS, notBefore };
  }
  return undefined;
}

/** The expectations of a task that are still open, and the early deliveries that have answered the others. */
export interface Answers {
  /** The ids of the tasks of early deliveries: each answers one expectation. */
  readonly answers: readonly number[];
  /** What is still to come. */
  readonly open: readonly Expectation[];
}

/** Finds the early answers to what a task expects: for each expectation the oldest that is newer than the task. */
export function findAnswers(
  { arrivals }: Job,
  { id, route: { routine } }: Task,
  expected: readonly Expectation[],
): Answers {
  const slots = arrivals?.get(routine);
  if (slots === undefined) return { answers: [], open: expected };
  const answers: number[] = [];
  const open = expected.filter(({ route: { slot } }) => {
    const answer = slots.get(slot)?.find((note) => note > id && !answers.includes(note));
    if (answer !== undefined) answers.push(answer);
    return answer === undefined;
  });
  return { answers, open };
}
