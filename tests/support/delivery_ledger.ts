import { isRecord } from "../../src/values/json.ts";
import { wireOf } from "../../src/values/payload.ts";
import { Activation } from "../../src/engine/activation/activation.ts";
import type { FailedTask, Job } from "../../src/job/job.ts";
import { isActive, type Route, type Task } from "../../src/job/task.ts";
import type { CatchSpec, FlowSpec, LinkSpec } from "./flow_spec.ts";
import type { AnyContext, HandlerEffect, RunListener } from "./run_listener.ts";

/** The faults that the ledger has found in the hosts of one job. */
export interface Complaints {
  /** Deliveries that are neither pending, nor committed, nor in the failures; and values that changed on their way. */
  readonly lost: string[];
  /** What was committed or delivered more than once. */
  readonly doubled: string[];
}

/** A task as it was after the last commit. */
interface Mark {
  readonly place: string;
  readonly step: number;
  readonly attempt: number;
  readonly isMerged: boolean;
  readonly isAwaiting: boolean;
  /** What its emitter may take it back by. */
  readonly key: string | undefined;
}

/** An effect of a handler, the id of its routine, and that of its task. */
type Entry = HandlerEffect & { readonly routine: string; readonly task: number };

/** A running handler, and its effects since its last commit. */
interface HandlerRun {
  readonly ctx: AnyContext;
  effects: Entry[];
  hasReturned: boolean;
}

/** Slots without a handler: their tasks end with the merge. */
const SILENT = /\.store$/;

/**
 * Records all deliveries to a job and where each is, and all committed steps, while the job moves from host to host. The
 * effects of handlers are recorded by the handlers, never read from the job: the job is compared with the record.
 */
export class DeliveryLedger implements RunListener {
  /** The faults found, also after a snapshot from which two hosts continued. */
  readonly complaints: Complaints;
  readonly #links: readonly LinkSpec[];
  readonly #catches: readonly CatchSpec[];
  #pending: Map<number, Mark> = new Map();
  #failed: Set<number> = new Set();
  #done: Set<number> = new Set();
  #steps: Set<string> = new Set();
  readonly #runs: Map<number, HandlerRun> = new Map();
  #deferred: readonly Entry[] = [];
  #outside: string | undefined;
  /** The tasks whose failures the next commit drops. */
  #discarded: readonly number[] = [];
  /** What takes their place. */
  #replaced: string | undefined;
  /** The tasks of deliveries from outside that nobody awaited when they came, and that nobody has asked for since. */
  #early: readonly { readonly place: string; readonly task: number }[] = [];
  #outputs = 0;
  #nextId = 1;

  /** Makes the ledger of a job whose flow has these connections. */
  constructor(
    { links, catches }: Pick<FlowSpec, "links" | "catches">,
    complaints: Complaints = { lost: [], doubled: [] },
  ) {
    this.#links = links;
    this.#catches = catches;
    this.complaints = complaints;
  }

  fork(): DeliveryLedger {
    const copy = new DeliveryLedger({ links: this.#links, catches: this.#catches }, this.complaints);
    copy.#pending = new Map(this.#pending);
    copy.#failed = new Set(this.#failed);
    copy.#done = new Set(this.#done);
    copy.#steps = new Set(this.#steps);
    copy.#deferred = this.#deferred;
    copy.#early = this.#early;
    copy.#outputs = this.#outputs;
    copy.#nextId = this.#nextId;
    return copy;
  }

  started(ctx: AnyContext): void {
    const { task, step } = keyOf(ctx);
    if (this.#steps.has(`${task}/${step}`) || this.#done.has(task)) {
      this.complaints.doubled.push(`step ${step} of task ${task} has been committed, and its handler runs again`);
    }
    this.#runs.set(task, { ctx, effects: [], hasReturned: false });
  }

  did(ctx: AnyContext, effect: HandlerEffect): void {
    this.#runOf(ctx)?.effects.push({ ...effect, routine: ctx.routineId, task: keyOf(ctx).task });
  }

  returned(ctx: AnyContext): void {
    const run = this.#runOf(ctx);
    if (run !== undefined) run.hasReturned = true;
  }

  mistook({ idempotencyKey, routineId }: AnyContext, got: string, sent: string): void {
    this.complaints.lost.push(`${idempotencyKey} of ${routineId} got ${got}, sent was ${sent}`);
  }

  delivering(routine: string, slot: string, seed: number | undefined): void {
    this.#outside = arrival(undefined, routine, slot, seed);
  }

  refused(): void {
    this.#outside = undefined;
  }

  discarding(tasks: readonly number[]): void {
    this.#discarded = tasks;
  }

  replacing(task: number, { routine, slot, connection }: Route, seed: number): void {
    this.#discarded = [task];
    this.#replaced = arrival(connection, routine, slot, seed);
  }

  received(job: Job): void {
    const before = this.#sums();
    this.committed(job);
    const isFirst = this.#nextId === 2 && this.#done.size === 0;
    if (!isFirst && this.#sums() !== before) {
      this.complaints.lost.push(`the job that came was another: ${before}, ${this.#sums()}`);
    }
  }

  committed(job: Job): void {
    const failures = new Set(job.failures.map(({ task }) => task.id));
    const present = new Map(Array.from(job.tasks, (task) => [task.id, task]));
    const gone: Mark[] = [];
    const before = new Set(this.#failed);
    const effects = this.#leave(present, failures, gone);
    const caught = job.failures.filter(({ task }) => this.#failed.has(task.id) && !before.has(task.id))
      .flatMap((failure) => this.#caught(failure));
    const fresh: Task[] = [];
    for (const [id, task] of present) {
      const before = this.#pending.get(id);
      if (before !== undefined) effects.push(...this.#change(id, before, markOf(task)));
      else if (this.#done.has(id)) this.complaints.doubled.push(`task ${id} was done, and is pending again`);
      else if (!this.#failed.delete(id)) fresh.push(task);
      if (failures.has(id)) this.complaints.doubled.push(`task ${id} is pending and in failures`);
      this.#pending.set(id, markOf(task));
    }
    for (const id of this.#discarded) {
      if (failures.has(id)) this.complaints.doubled.push(`the failure of task ${id} was dropped, and is there`);
      else if (this.#failed.delete(id)) this.#done.add(id);
    }
    this.#discarded = [];
    for (const id of this.#failed) {
      if (!failures.has(id)) this.complaints.lost.push(`task ${id} has gone from failures`);
    }
    this.#checkRecalls(effects, gone, Array.from(present.values()).filter((task) => !fresh.includes(task)));
    this.#checkDeliveries(job, fresh, withoutReplaced(effects), caught);
    this.#checkOutputs(job, effects);
    this.#nextId += fresh.length;
    const counted = this.#pending.size + this.#failed.size + this.#done.size;
    if (job.nextTaskId !== this.#nextId || counted !== this.#nextId - 1) {
      this.complaints.lost.push(`${counted} of ${job.nextTaskId - 1} tasks are accounted for`);
    }
  }

  /** A task that is no longer there must have failed, or its handler must have returned. */
  #leave(present: ReadonlyMap<number, Task>, failures: ReadonlySet<number>, gone: Mark[]): Entry[] {
    const effects: Entry[] = [];
    for (const [id, mark] of this.#pending) {
      const { place, step } = mark;
      if (present.has(id)) continue;
      this.#pending.delete(id);
      const run = this.#runs.get(id);
      this.#runs.delete(id);
      if (failures.has(id)) {
        this.#failed.add(id);
        continue;
      }
      this.#done.add(id);
      if (run?.hasReturned !== true && mark.key !== undefined && step === 0 && !SILENT.test(place)) {
        gone.push(mark);
        continue;
      }
      if (run?.hasReturned !== true && !SILENT.test(place)) {
        this.complaints.lost.push(`task ${id} to ${place} is gone, though its handler has not returned`);
      }
      this.#count(id, step);
      effects.push(...run?.effects ?? []);
    }
    return effects;
  }

  #change(id: number, before: Mark, now: Mark): Entry[] {
    if (now.attempt > before.attempt) this.#runs.delete(id);
    if (before.isMerged && !now.isMerged) {
      this.complaints.doubled.push(`task ${id} has lost its merge, and will merge again`);
    }
    const isTold = before.place.replace(/late$/, "told") === now.place;
    if (before.isAwaiting && !now.isAwaiting && !isTold) this.#fill(id, now.place);
    if (now.step === before.step) return [];
    if (now.step !== before.step + 1) {
      this.complaints.doubled.push(`task ${id} went from step ${before.step} to ${now.step}`);
    }
    this.#count(id, before.step);
    const run = this.#runs.get(id);
    const effects = run?.effects ?? [];
    if (run !== undefined) run.effects = [];
    return effects;
  }

  #count(id: number, step: number): void {
    const key = `${id}/${step}`;
    if (this.#steps.has(key)) this.complaints.doubled.push(`step ${step} of task ${id} was committed twice`);
    this.#steps.add(key);
  }

  /** What is gone though no handler has returned must have been taken back, and what was taken back must be gone. */
  #checkRecalls(effects: readonly Entry[], gone: readonly Mark[], kept: readonly Task[]): void {
    const recalled = new Set(effects.map(recalledBy));
    for (const { place, key } of gone) {
      if (!recalled.has(key)) this.complaints.lost.push(`a task to ${place} is gone, and nobody has taken back ${key}`);
    }
    for (const task of kept) {
      const { key, step } = markOf(task);
      if (key === undefined || isActive(task) || step > 0 || !recalled.has(key)) continue;
      this.complaints.doubled.push(`task ${task.id} is pending, and was taken back by ${key}`);
    }
  }

  /** The new tasks must be exactly the deliveries of the committed effects. */
  #checkDeliveries(job: Job, fresh: readonly Task[], effects: readonly Entry[], caught: readonly string[]): void {
    const due = [...caught, ...this.#deliveriesOf(effects.filter(({ kind }) => kind !== "defer"))];
    this.#deferred = [...this.#deferred, ...effects.filter(({ kind }) => kind === "defer")];
    if (job.deferredEvents.length < this.#deferred.length) {
      due.push(...this.#deliveriesOf(this.#deferred));
      this.#deferred = [];
    }
    if (this.#replaced !== undefined) due.push(this.#replaced);
    this.#replaced = undefined;
    const came = fresh.map(arrivalOf);
    if (this.#outside !== undefined) {
      due.push(this.#outside);
      this.#early = [...this.#early, ...fresh.map(({ id, route }) => ({ place: placeOf(route), task: id }))];
    }
    this.#outside = undefined;
    const missing = without(due, came);
    const extra = without(came, due);
    if (missing.length > 0) this.complaints.lost.push(`not delivered: ${missing}`);
    if (extra.length > 0) this.complaints.doubled.push(`delivered without being sent: ${extra}`);
  }

  /** The deliveries of a failure that is marked as handled; one that is not has none. */
  #caught({ task, error, isHandled }: FailedTask): string[] {
    const { routine, slot } = task.route;
    const catches = this.#catches.filter((it) =>
      it.from === routine && (it.slot === undefined || it.slot === slot) && !(it.to === routine && slot === "failed") &&
      it.errors?.includes(error.name) !== false
    );
    if (isHandled && catches.length === 0) this.complaints.lost.push(`a failure of ${routine} is handled by nobody`);
    return isHandled ? catches.map(({ to }) => arrival({ routine, slot }, to, "failed", undefined)) : [];
  }

  #checkOutputs({ outputs }: Job, effects: readonly Entry[]): void {
    const due = this.#outputs + effects.filter(({ kind }) => kind === "output").length;
    this.#outputs = outputs.size + outputs.dropped;
    if (this.#outputs > due) this.complaints.doubled.push(`${this.#outputs - due} outputs too many`);
    if (this.#outputs < due) this.complaints.lost.push(`${due - this.#outputs} outputs are missing`);
  }

  #fill(id: number, place: string): void {
    if (this.#outside?.startsWith(`to ${place} `)) this.#outside = undefined;
    else this.complaints.doubled.push(`task ${id} to ${place} was filled by nobody`);
  }

  #deliveriesOf(effects: readonly Entry[]): string[] {
    return effects.flatMap((effect) => {
      if (effect.kind === "output" || effect.kind === "recall") return [];
      if (effect.kind === "expect") {
        return this.#takeEarly(effect) ? [] : [arrival(undefined, effect.routine, "late", undefined)];
      }
      return this.#links.filter(({ from, event }) => from === effect.routine && event === effect.event)
        .map(({ to, slot }) => arrival(effect, to, slot, effect.seed));
    });
  }

  /** Says whether what a task expects has come since the task has. */
  #takeEarly({ routine, task: asker }: Entry): boolean {
    const place = placeOf({ routine, slot: "late" });
    const answer = this.#early.find((early) => early.place === place && early.task > asker);
    this.#early = this.#early.filter((early) => early !== answer);
    return answer !== undefined;
  }

  #runOf(ctx: AnyContext): HandlerRun | undefined {
    const run = this.#runs.get(keyOf(ctx).task);
    return run?.ctx === ctx ? run : undefined;
  }

  #sums(): string {
    const { size } = this.#steps;
    const counts = [this.#nextId, this.#done.size, this.#failed.size, size, this.#outputs, this.#deferred.length];
    return JSON.stringify([counts, ...this.#pending]);
  }
}

function keyOf(ctx: AnyContext): { readonly task: number; readonly step: number } {
  if (!(ctx instanceof Activation)) throw new TypeError("the context is no activation");
  return { task: ctx.task.id, step: ctx.task.details?.step ?? 0 };
}

function markOf({ route, details }: Task): Mark {
  return {
    place: placeOf(route),
    step: details?.step ?? 0,
    attempt: details?.attempt ?? 0,
    isMerged: details?.merged !== undefined,
    isAwaiting: details?.awaiting !== undefined,
    key: details?.emitKey && `${route.connection?.routine}.${route.connection?.event} ${details.emitKey}`,
  };
}

/** What an effect takes back or replaces. */
function recalledBy(effect: Entry): string | undefined {
  const isKeyed = effect.kind === "recall" || (effect.kind === "emit" && effect.key !== undefined);
  return isKeyed ? `${effect.routine}.${effect.event} ${effect.key}` : undefined;
}

/** The effects of a commit without what later ones of it have taken back. */
function withoutReplaced(effects: readonly Entry[]): readonly Entry[] {
  return effects.filter((effect, index) => {
    const key = recalledBy(effect);
    return key === undefined || effects.slice(index + 1).every((later) => recalledBy(later) !== key);
  });
}

function placeOf({ routine, slot }: { readonly routine: string; readonly slot: string }): string {
  return `${routine}.${slot}`;
}

function arrivalOf({ route, data }: Task): string {
  const json = data === undefined ? undefined : wireOf(data);
  const seed = isRecord(json) && typeof json.seed === "number" ? json.seed : undefined;
  return arrival(route.connection, route.routine, route.slot, seed);
}

function arrival(
  from: { readonly routine: string; readonly event?: string; readonly slot?: string } | undefined,
  routine: string,
  slot: string,
  seed: number | undefined,
): string {
  return `to ${routine}.${slot} seed ${seed}${
    from === undefined ? "" : ` by ${from.routine}.${from.event ?? from.slot}`
  }`;
}

/** Those of a list that are not in the other, counting equal ones. */
function without(list: readonly string[], other: readonly string[]): string[] {
  const left = [...other];
  return list.filter((item) => {
    const index = left.indexOf(item);
    if (index >= 0) left.splice(index, 1);
    return index < 0;
  });
}
