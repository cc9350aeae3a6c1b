import type { MaybePromise, PermitQuery, Store, StoreEvent } from "../../ports/store.ts";
import type { ProcessClock } from "./fleet_clock.ts";
import { FleetViolation } from "./fleet_violation.ts";

/** How many calls there may be at one instant. */
const MOST_CALLS = 2_000;

/** What becomes of a call that a process makes. */
export type CallFate = "done" | "fails" | "answer lost" | "late";

/** A call of a process that has not been carried out. */
export interface StoreCall {
  readonly name: string;
  readonly clock: ProcessClock;
  /** The number of the process. */
  readonly process: number;
  /** When it was sent, in true time. */
  readonly sentAt: number;
  /** Whether somebody waits for the answer. */
  readonly isAwaited: boolean;
  /** Carries it out. Returns what tells the process of the answer. */
  readonly run: () => Promise<() => void>;
  /** Tells the process that it has failed. */
  readonly fail: (error: unknown) => void;
}

/** An answer, or an event, that is on its way to a process. */
export interface StoreAnswer {
  readonly name: string;
  readonly clock: ProcessClock;
  readonly process: number;
  /** When the answer was given, in true time. */
  readonly sentAt: number;
  readonly arrive: () => void;
}

/** All calls and answers that are under way: the schedule decides which comes next. */
export class StoreCalls {
  /** Calls that have not been carried out. */
  readonly calls: StoreCall[] = [];
  /** Answers that have not arrived. */
  readonly answers: StoreAnswer[] = [];
  /** How many calls were made at the present instant. */
  #made = 0;
  #madeAt = 0;

  /**
   * Notes that a process calls the store.
   *
   * @throws {FleetViolation} when the processes call it without end, and no time passes
   */
  made(now: number): void {
    if (this.#madeAt !== now) this.#made = 0;
    this.#madeAt = now;
    if (++this.#made > MOST_CALLS) {
      throw new FleetViolation("stranded", `processes call the store without end at ${now}`);
    }
  }

  /** Adds an answer or an event. */
  answer(answer: StoreAnswer): void {
    this.answers.push(answer);
  }

  /**
   * Carries out a call.
   *
   * @throws {FleetViolation} when that breaks a promise
   */
  async carryOut(call: StoreCall, fate: CallFate, now: number): Promise<void> {
    const { name, clock, process, fail } = call;
    let arrive = (): void => fail(new Error(`a simulated fault: ${name} ${fate}`));
    if (fate === "late") this.calls.push({ ...call, isAwaited: false });
    if (fate === "done" || fate === "answer lost") {
      try {
        const tell = await call.run();
        if (fate === "done") arrive = tell;
      } catch (error) {
        if (error instanceof FleetViolation) throw error;
        if (fate === "done") arrive = () => fail(error);
      }
    }
    if (call.isAwaited) this.answers.push({ name, clock, process, sentAt: now, arrive });
  }

  /** A process has died: its calls may still be carried out, and nobody gets the answers. */
  abandon(process: number, isCarriedOut: (call: string) => boolean): void {
    for (const call of this.calls.splice(0)) {
      if (call.process !== process) this.calls.push(call);
      else if (isCarriedOut(call.name)) this.calls.push({ ...call, isAwaited: false });
    }
    const answers = this.answers.splice(0).filter((it) => it.process !== process);
    this.answers.push(...answers);
  }
}

/** Asks the store for something: the answer comes when the schedule says so. */
export type Ask = <T>(name: string, run: () => MaybePromise<T>) => MaybePromise<T>;

/** A store as a process sees it: every call goes through `ask`. With `watch`, it tells what happens to jobs. */
export function distantStore(
  store: Store,
  ask: Ask,
  watch: ((onEvent: (event: StoreEvent) => void) => () => void) | undefined,
): Store {
  const permit = store.permit?.bind(store);
  return {
    create: (jobs) => ask(`create ${jobs.map(({ jobId }) => jobId)}`, () => store.create(jobs)),
    find: (jobId) => ask(`find ${jobId}`, () => store.find(jobId)),
    load: (jobId) => ask(`load ${jobId}`, () => store.load(jobId)),
    append: (claim, revision, entries, head) =>
      ask(`append ${claim.jobId} at ${revision}`, () => store.append(claim, revision, entries, head)),
    compact: (life, revision, snapshot) =>
      ask(`compact ${life.jobId} at ${revision}`, () => store.compact(life, revision, snapshot)),
    send: (job, command) => ask(`send ${command.key}`, () => store.send(job, command)),
    outcome: (job, key) => ask(`outcome of ${key}`, () => store.outcome(job, key)),
    inbox: (life, after, now) => ask(`inbox ${life.jobId} after ${after}`, () => store.inbox(life, after, now)),
    commands: (owner, now) => ask("commands", () => store.commands(owner, now)),
    enter: (query) => ask(`enter ${query.owner}`, () => store.enter(query)),
    renew: (owner, leaseMs, now) => ask("renew", () => store.renew(owner, leaseMs, now)),
    leave: (owner) => ask("leave", () => store.leave(owner)),
    held: (owner) => ask("held", () => store.held(owner)),
    take: (query) => ask("take", () => store.take(query)),
    claim: (query) => ask(`claim ${query.jobs.map(({ jobId }) => jobId)}`, () => store.claim(query)),
    nextDueAt: (query) => ask("nextDueAt", () => store.nextDueAt(query)),
    list: (query) => ask("list", () => store.list(query)),
    count: (filter) => ask("count", () => store.count(filter)),
    delete: (life) => ask(`delete ${life.jobId}`, () => store.delete(life)),
    purge: (query) => ask("purge", () => store.purge(query)),
    ...(permit && { permit: (query: PermitQuery) => ask(`permit ${query.queue} ${query.call}`, () => permit(query)) }),
    close: () => {},
    ...(watch === undefined ? {} : { watch }),
  };
}
