import { StateError } from "../base/errors.ts";
import { instantAfter } from "../base/instant.ts";
import { MAX_COUNT } from "../base/bounded_list.ts";
import type {
  Commit,
  DeferredCommit,
  DeliverCommit,
  ExpireCommit,
  FailureCommit,
  KeyChange,
  MergeCommit,
  SideEffects,
  StatusCommit,
  StepCommit,
} from "./commit.ts";
import { dropArrivals, noteArrival } from "./arrivals.ts";
import { addChildren, openChildren, oweAgain, removeChild, settleDebts } from "./children.ts";
import type { HistoryEntry } from "./history.ts";
import { type Job, type PausePoint, ROUTINE_STATUSES, type RoutineState, type RoutineStatus } from "./job.ts";
import { discardFailures, dropFailures, letGo, letGoOfLists, takeFailures } from "./failures.ts";
import { applySlotChange, listsOf } from "./slot_changes.ts";
import { holdItems } from "./slot_data.ts";
import { detailsOfSuccessor, NO_DETAILS, setActive, setData, type Task, type TaskDetails } from "./task.ts";
import { keyFrom, type TaskKey } from "./task_key.ts";
import { forgetDetailed, noteDetailed, stopAwaiting } from "./task_notes.ts";

/**
 * Performs a commit: the only code that changes a job. Live runs, recovery and time travel are this function over
 * different lists.
 *
 * @throws {StateError} for a step that the job has seen, or a task that has ended; nothing has changed then
 */
export function apply(job: Job, commit: Commit): void {
  // Most are steps. Apart from the others, an engine can inline what they take.
  if (commit.kind === "step") applyStep(job, commit);
  else applyOther(job, commit);
  // Most commits of an instant share its object: storing a new object in an old one triggers a write barrier.
  if (job.time !== commit.time) job.time = commit.time;
}

function applyOther(job: Job, commit: Exclude<Commit, StepCommit>): void {
  switch (commit.kind) {
    case "merge":
      applyMerge(job, commit);
      break;
    case "failure":
      applyFailure(job, commit);
      break;
    case "deliver":
      if (job.tasks.has(commit.task)) fill(job, commit);
      else addDelivery(job, commit);
      break;
    case "expire":
      expire(job, commit);
      break;
    case "deferred":
      addNew(job, commit);
      job.deferredEvents.length = 0;
      break;
    case "children":
      openChildren(job, commit.opened);
      if (commit.isSettled) settleDebts(job);
      break;
    case "status":
      applyStatus(job, commit);
      break;
    default: // Unreachable: the compiler knows that there is no other kind.
      commit satisfies never;
  }
}

function applyMerge(job: Job, { task, merged, slot, records }: MergeCommit): void {
  checkPending(job, task, task.details?.merged === undefined);
  task.details = { ...(task.details ?? NO_DETAILS), merged };
  setActive(task, true);
  if (slot !== undefined) applySlotChange(job, slot);
  if (merged.kind === "lists") holdItems(listsOf(job, task.route.routine, task.route.slot), merged.lists);
  addRecords(job, records);
}

function applyStep(job: Job, commit: StepCommit): void {
  const { task, effects } = commit;
  checkPending(job, task, (task.details?.step ?? 0) === commit.step);
  if (commit.outcome === "done") endTask(job, task, "completed", commit.classVersion);
  else keepTask(commit);
  if (commit.started !== undefined) job.history.push(commit.started);
  // Here, so that what a step makes has the same keys when it is live and when it is replayed.
  if (task.key !== undefined) giveKeys(commit, task.key);
  addNew(job, commit);
  if (effects !== undefined) applyEffects(job, commit, effects);
}

function keepTask({ task, step, outcome, progress }: StepCommit): void {
  const details = task.details ?? NO_DETAILS;
  const next = Math.min(step + 1, MAX_COUNT);
  task.details = { ...details, step: next, progress, notBefore: undefined, parked: outcome === "parked" };
  setActive(task, outcome === "active");
}

function addNew(job: Job, { created, records }: StepCommit | DeferredCommit): void {
  // Mostly: each task tells of its own emission.
  const areRecords = created === records;
  // An indexed loop stays within the inlining budget.
  for (let i = 0; i < created.length; i++) {
    const task = created[i];
    if (task !== undefined) {
      addTask(job, task);
      if (areRecords) job.history.push(task);
    }
  }
  if (!areRecords) addRecords(job, records);
}

function giveKeys({ created, step }: StepCommit, parent: TaskKey): void {
  created.forEach((task, i) => task.key = keyFrom(parent, step, i));
}

function addRecords({ history }: Job, records: readonly HistoryEntry[]): void {
  // An indexed loop, as above.
  for (let i = 0; i < records.length; i++) {
    const record = records[i];
    if (record !== undefined) history.push(record);
  }
}

/** Positions below those of what a step makes and defers. */
const FIRST_OF_FAILURE = -(2 ** 30);

function applyFailure(job: Job, commit: FailureCommit): void {
  const { task, error, verdict, dropped, created, active, records, classVersion, time } = commit;
  checkPending(job, task, true);
  for (const other of active) setActive(other, true);
  setActive(task, false);
  if (verdict.kind === "retry") {
    const { attempt, maxRetries, notBefore } = verdict;
    task.details = { ...(task.details ?? NO_DETAILS), attempt, maxRetries, notBefore, parked: false };
  } else {
    if (dropped > 0) dropFailures(job, dropped);
    job.failures.push({ task, error, at: time.at, isHandled: created.length > 0 });
    endTask(job, task, verdict.status, classVersion);
    for (const [i, each] of created.entries()) {
      each.key = keyFrom(task.key, task.details?.step ?? 0, FIRST_OF_FAILURE - i);
      addTask(job, each);
    }
    if (verdict.stop) {
      job.error ??= error;
      job.status = "failed";
    }
  }
  addRecords(job, records);
}

function applyStatus(job: Job, commit: StatusCommit): void {
  const { status, active, error, pausePoint, redrive, redriven, maxRetries, discarded, created, migrated, time } =
    commit;
  job.status = status;
  for (const task of active) setActive(task, true);
  job.error = error;
  if (pausePoint !== undefined) addPausePoint(job, pausePoint);
  for (const { routine, version, state } of migrated) {
    const kept = routineState(job, routine, version);
    kept.version = version;
    kept.state = undefined;
    setState(kept, state);
  }
  if (discarded.length > 0) discardFailures(job, discarded);
  if (redrive) {
    const chosen = redriven && new Set(redriven);
    startDeadlineAgain(job, time.at);
    oweAgain(job);
    addTasks(job, takeFailures(job, ({ isHandled, task }) => chosen?.has(task) ?? !isHandled, time.at, maxRetries));
  }
  for (const task of created) {
    const state = job.routineStates.get(task.route.routine);
    if (state !== undefined) state.status = undefined;
    addTask(job, task);
  }
}

/** More marks of pauses than this are not kept. */
const MOST_PAUSE_POINTS = 1_000;

function addPausePoint(job: Job, point: PausePoint): void {
  const { pausePoints } = job;
  pausePoints.push(point);
  const gone = pausePoints.splice(0, pausePoints.length - MOST_PAUSE_POINTS).length;
  job.droppedPausePoints = Math.min(job.droppedPausePoints + gone, MAX_COUNT);
}

/** A job that goes on after its end has as long again. */
function startDeadlineAgain(job: Job, at: number): void {
  const { deadline } = job;
  if (deadline !== undefined) job.deadline = { ...deadline, until: instantAfter(at, deadline.deadlineMs) };
}

/** Brings tasks in whose ids are not above those of the job's own: what is restored, or put back. */
export function addTasks(job: Job, tasks: readonly Task[]): void {
  const present = [...job.tasks];
  for (const task of present) job.tasks.delete(task);
  job.lastTasks = 0;
  for (const task of [...present, ...tasks].sort((a, b) => a.id - b.id)) addTask(job, task);
}

function addTask(job: Job, task: Task): void {
  job.tasks.add(task);
  if (task.id >= job.nextTaskId) job.nextTaskId = task.id + 1;
  if (task.details !== undefined) noteDetailed(job, task, task.details);
}

/** The end of a child is no answer to what is expected from outside. */
function addDelivery(job: Job, { task, child }: DeliverCommit): void {
  if (child === undefined) noteArrival(job, task);
  else removeChild(job, child);
  addTask(job, task);
}

function fill(job: Job, { task, data, key }: DeliverCommit): void {
  stopAwaiting(job, task);
  task.key = key ?? task.key;
  setData(task, data);
  task.details = detailsOfSuccessor(task);
}

/** What was awaited has not come in time: the task goes to another slot, which is told. */
function expire(job: Job, { task, route, data }: ExpireCommit): void {
  stopAwaiting(job, task);
  task.route = route;
  setData(task, data);
  task.details = detailsOfSuccessor(task);
}

function endTask(job: Job, task: Task, status: RoutineStatus, version: number): void {
  setActive(task, false);
  job.tasks.delete(task);
  if (job.arrivals !== undefined) dropArrivals(job, task.route.routine);
  const state = routineState(job, task.route.routine, version);
  if (state.status === undefined) state.status = status;
  else if (state.status !== status) state.status = worseOf(status, state.status);
  if (task.details !== undefined) endDetailed(job, task, task.details, state, status);
}

function endDetailed(job: Job, task: Task, details: TaskDetails, state: RoutineState, status: RoutineStatus): void {
  stopAwaiting(job, task);
  forgetDetailed(job, task, details);
  state.retries = Math.min(state.retries + details.attempt, MAX_COUNT);
  // A failed task keeps what it holds, for a redrive; a finished one lets go of it: the history may still know the task.
  if (status === "completed") letGo(job, task);
}

/** Deliveries that were taken back leave no mark on their routines. */
function withdraw(job: Job, tasks: readonly Task[]): void {
  for (const task of tasks) {
    job.tasks.delete(task);
    if (task.details !== undefined) forgetDetailed(job, task, task.details);
    letGoOfLists(job, task);
    dropArrivals(job, task.route.routine);
  }
}

function worseOf(status: RoutineStatus, other: RoutineStatus): RoutineStatus {
  return ROUTINE_STATUSES.indexOf(status) < ROUTINE_STATUSES.indexOf(other) ? status : other;
}

function applyEffects(job: Job, { task, step, classVersion }: StepCommit, effects: SideEffects): void {
  const { routine } = task.route;
  const { answers, withdrawn, slots, state, shared, log, outputs, deferred, children, result } = effects;
  if (withdrawn.length > 0) withdraw(job, withdrawn);
  if (answers.length > 0) dropArrivals(job, routine, answers);
  if (state.length > 0) setState(routineState(job, routine, classVersion), state);
  if (shared.length > 0) setKeys(job.sharedData, shared);
  if (result !== undefined) job.result = result;
  if (children.length > 0) addChildren(job, children);
  // Most change nothing else: one look is cheaper than four loops over nothing.
  if (slots.length + log.length + outputs.length + deferred.length === 0) return;
  for (const change of slots) applySlotChange(job, change);
  for (const entry of log) job.sharedLog.push(entry);
  for (const output of outputs) job.outputs.push(output);
  // Positions below 0: those from 0 on are of the tasks that the step makes.
  deferred.forEach((event, i) => job.deferredEvents.push({ ...event, key: keyFrom(task.key, step, -i - 1) }));
}

function routineState(job: Job, routine: string, version: number): RoutineState {
  let state = job.routineStates.get(routine);
  if (state === undefined) {
    state = { status: undefined, retries: 0, state: undefined, version };
    job.routineStates.set(routine, state);
  }
  return state;
}

function setState(kept: RoutineState, changes: readonly KeyChange[]): void {
  if (changes.length > 0) setKeys(kept.state ??= new Map(), changes);
}

function setKeys(map: Map<string, unknown>, changes: readonly KeyChange[]): void {
  for (const [key, value] of changes) {
    if (value === undefined) map.delete(key);
    else map.set(key, value);
  }
}

function checkPending(job: Job, task: Task, unseen: boolean): void {
  if (unseen && job.tasks.has(task)) return;
  throw new StateError(
    "commit",
    job.status,
    `Cannot commit task ${task.id} of job "${job.jobId}": this step has been committed before`,
  );
}
