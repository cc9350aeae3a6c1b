import type { Payload } from "../values/payload.ts";
import { hasEnded, type Job } from "./job.ts";

/** The job that has started another. */
export interface JobParent {
  /** Its id. */
  readonly jobId: string;
  /** When it was created, in milliseconds since 1970: its id may be another job's by now. `undefined` where nobody has noted it. */
  readonly createdAt?: number | undefined;
  /** How many jobs stand above the child: 1 where the parent has no parent of its own. */
  readonly depth: number;
  /** Whether it has been told of the child's end. */
  readonly isTold: boolean;
}

/** How a child begins: everything that is needed to make it, so that whoever has its parent can. */
export interface ChildStart {
  /** The text of its flow. */
  readonly flow: string;
  /** The routine where it begins. */
  readonly routine: string;
  /** The slot of that routine. */
  readonly slot: string;
  /** What the slot gets. */
  readonly params: Payload | undefined;
  /** Its queue, where it has another than its parent. */
  readonly queue: string | undefined;
  /** How urgent it is, where it is not as its parent: those with a smaller number are taken first. */
  readonly priority: number | undefined;
  /** What is written on it, where that is not what is written on its parent. */
  readonly tags: Readonly<Record<string, string>> | undefined;
}

/** A child that is a part of its parent, as neither is in a store. */
export interface InnerJob {
  /** The text of its flow. */
  readonly flow: string;
  /** The child itself. */
  readonly job: Job;
}

/** A job that a handler of this one has asked for. */
export interface Child {
  /** Its id: it follows from the step that has asked for it. */
  readonly jobId: string;
  /** The id of its flow. */
  readonly flowId: string;
  /** The routine that has asked for it. */
  readonly routine: string;
  /** The slot of that routine that is told of its end; without one nobody waits for it. */
  readonly to: string | undefined;
  /** How it starts; `undefined` once it has. */
  readonly start: ChildStart | undefined;
  /** The child itself, where its parent has it; `undefined` for one that is a job of its own, in the store of its parent. */
  readonly inner: InnerJob | undefined;
  /** Whether its parent has ended before it, and has not looked for it since. */
  readonly isLeft: boolean;
}

/** Whether a child must be started in a store, or looked for there, before its parent can wait for it. */
function isUnsettled({ start, inner, isLeft }: Child): boolean {
  return start !== undefined || inner !== undefined || isLeft;
}

/** The children of a job that have not ended, in the order in which they were asked for. */
export class Children {
  readonly #all: Map<string, Child> = new Map();
  /** The ids of those that must be started or looked for: there may be thousands of others. */
  readonly #unsettled: Set<string> = new Set();

  /** Makes a list of children. */
  constructor(children: Iterable<Child> = []) {
    for (const child of children) this.set(child);
  }

  /** How many there are. */
  get size(): number {
    return this.#all.size;
  }

  /** Whether some must be started, or looked for, before the job can wait for them. */
  get hasUnsettled(): boolean {
    return this.#unsettled.size > 0;
  }

  /** Those that must be started, or looked for. */
  get unsettled(): readonly Child[] {
    // Unreachable default: each of these ids is one of a child.
    return Array.from(this.#unsettled).flatMap((id) => this.#all.get(id) ?? []);
  }

  /** The child of an id. */
  get(jobId: string): Child | undefined {
    return this.#all.get(jobId);
  }

  /** All of them. */
  [Symbol.iterator](): IterableIterator<Child> {
    return this.#all.values();
  }

  /** Adds a child, or puts it in the place of the one that has its id. */
  set(child: Child): void {
    this.#all.set(child.jobId, child);
    if (isUnsettled(child)) this.#unsettled.add(child.jobId);
    else this.#unsettled.delete(child.jobId);
  }

  /** Takes a child out. */
  delete(jobId: string): void {
    this.#all.delete(jobId);
    this.#unsettled.delete(jobId);
  }
}

/** Whether a job has ended and owes something: to tell its parent, or to start or cancel its children. */
export function owes({ status, parent, children }: Job): boolean {
  if (!hasEnded(status)) return false;
  return parent?.isTold === false || Array.from(children ?? []).some(({ isLeft }) => !isLeft);
}

/** Brings in the children that a step has asked for. */
export function addChildren(job: Job, children: readonly Child[]): void {
  const all = job.children ??= new Children();
  for (const child of children) {
    all.set(child);
    if (child.inner !== undefined) child.inner.job.holder = job;
  }
}

/** Takes out a child that has ended, or that nobody waits for. */
export function removeChild(job: Job, jobId: string): void {
  const inner = job.children?.get(jobId)?.inner;
  if (inner !== undefined) inner.job.holder = undefined;
  job.children?.delete(jobId);
  if (job.children?.size === 0) job.children = undefined;
}

/** Children have started: those that nobody waits for are no longer kept. */
export function openChildren(job: Job, ids: readonly string[]): void {
  for (const id of ids) {
    const child = job.children?.get(id);
    if (child?.to === undefined) removeChild(job, id);
    else job.children?.set({ ...child, start: undefined, inner: undefined, isLeft: false });
  }
}

/** A job that has ended has told its parent, and has cancelled its children: it owes nothing any more. */
export function settleDebts(job: Job): void {
  if (job.parent !== undefined) job.parent = { ...job.parent, isTold: true };
  for (const child of [...job.children ?? []]) {
    if (child.to === undefined) removeChild(job, child.jobId);
    else job.children?.set({ ...child, start: undefined, inner: endedOf(child), isLeft: true });
  }
}

/** A child that has ended inside of its parent; one that has not is in the store by now. */
function endedOf({ inner }: Child): InnerJob | undefined {
  return inner !== undefined && hasEnded(inner.job.status) ? inner : undefined;
}

/**
 * Prepares an ended job for going on: when it ends again, its parent must be told again. Its children in a store may have ended
 * while it could not be told, so they must be looked for.
 */
export function oweAgain(job: Job): void {
  if (job.parent !== undefined) job.parent = { ...job.parent, isTold: false };
  for (const child of [...job.children ?? []]) {
    if (child.start === undefined && child.inner === undefined) job.children?.set({ ...child, isLeft: true });
  }
}
