import type { JobClaim, MaybePromise, PermitQuery, ReplacedFlow, Store, StoreEvent } from "../../ports/store.ts";
import type { ProcessClock } from "./fleet_clock.ts";
import { FleetViolation } from "./fleet_violation.ts";

/** How many calls there may be at one instant. */
const MOST_CALLS = 2_000;

/** What becomes of a call that a process makes: `unanswered` is carried out, `gone` is not, and the process hears of neither. */
export type CallFate = "done" | "fails" | "answer lost" | "late" | "unanswered" | "gone";

/** The name of a method of a store. */
export type StoreMethod = Exclude<keyof Store, "watch" | "close" | "begin">;

/** A call of a process that has not been carried out. */
export interface StoreCall {
  readonly name: string;
  readonly method: StoreMethod;
  /** The job that it is about, if it is about one, and its life, if it names one. */
  readonly job: { readonly jobId: string; readonly life?: number | undefined } | undefined;
  /** Until when it waits, in true time, if it is one of those that wait. */
  readonly heldUntil: number;
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
  /** Until when it waits, in true time, if it is one of those that wait. */
  readonly heldUntil: number;
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
   * Carries out a call; `heldUntil` says how long its answer waits, or the call itself if it is late.
   *
   * @throws {FleetViolation} when that breaks a promise
   */
  async carryOut(call: StoreCall, fate: CallFate, now: number, heldUntil: number = 0): Promise<void> {
    const { name, clock, process, fail } = call;
    let arrive = (): void => fail(new Error(`a simulated fault: ${name} ${fate}`));
    if (fate === "late") this.calls.push({ ...call, isAwaited: false, heldUntil });
    if (fate === "done" || fate === "answer lost" || fate === "unanswered") {
      try {
        const tell = await call.run();
        if (fate === "done") arrive = tell;
      } catch (error) {
        if (error instanceof FleetViolation) throw error;
        if (fate === "done") arrive = () => fail(error);
      }
    }
    if (call.isAwaited && fate !== "unanswered" && fate !== "gone") {
      this.answers.push({ name, clock, process, sentAt: now, arrive, heldUntil: fate === "late" ? 0 : heldUntil });
    }
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
export type Ask = <T>(
  method: StoreMethod,
  about: string,
  job: StoreCall["job"],
  run: () => MaybePromise<T>,
) => MaybePromise<T>;

/** A store as a process sees it: every call goes through `ask`. With `watch`, it tells what happens to jobs. */
export function distantStore(
  store: Store,
  ask: Ask,
  watch: ((onEvent: (event: StoreEvent) => void) => () => void) | undefined,
): Store {
  const permit = store.permit?.bind(store);
  const replaceFlow = store.replaceFlow?.bind(store);
  return {
    create: (jobs) => ask("create", ` ${jobs.map(({ jobId }) => jobId)}`, undefined, () => store.create(jobs)),
    find: (jobId) => ask("find", ` ${jobId}`, { jobId }, () => store.find(jobId)),
    load: (jobId) => ask("load", ` ${jobId}`, { jobId }, () => store.load(jobId)),
    append: (claim, revision, entries, head) =>
      ask("append", ` ${claim.jobId} at ${revision}`, claim, () => store.append(claim, revision, entries, head)),
    ...(replaceFlow && {
      replaceFlow: (claim: JobClaim, revision: number, replaced: ReplacedFlow) =>
        ask("replaceFlow", ` of ${claim.jobId} at ${revision}`, claim, () => replaceFlow(claim, revision, replaced)),
    }),
    compact: (life, revision, snapshot) =>
      ask("compact", ` ${life.jobId} at ${revision}`, life, () => store.compact(life, revision, snapshot)),
    send: (job, command) => ask("send", ` ${command.key}`, job, () => store.send(job, command)),
    outcome: (job, key) => ask("outcome", ` of ${key}`, job, () => store.outcome(job, key)),
    inbox: (life, after, now) =>
      ask("inbox", ` ${life.jobId} after ${after}`, life, () => store.inbox(life, after, now)),
    commands: (owner, now) => ask("commands", "", undefined, () => store.commands(owner, now)),
    enter: (query) => ask("enter", ` ${query.owner}`, undefined, () => store.enter(query)),
    renew: (owner, leaseMs, now) => ask("renew", "", undefined, () => store.renew(owner, leaseMs, now)),
    leave: (owner) => ask("leave", "", undefined, () => store.leave(owner)),
    held: (owner) => ask("held", "", undefined, () => store.held(owner)),
    take: (query) => ask("take", "", undefined, () => store.take(query)),
    claim: (query) => {
      const { jobs: [first, ...more] } = query;
      const about = ` ${query.jobs.map(({ jobId }) => jobId)}`;
      return ask("claim", about, more.length === 0 ? first : undefined, () => store.claim(query));
    },
    nextDueAt: (query) => ask("nextDueAt", "", undefined, () => store.nextDueAt(query)),
    list: (query) => ask("list", "", undefined, () => store.list(query)),
    count: (filter) => ask("count", "", undefined, () => store.count(filter)),
    delete: (life) => ask("delete", ` ${life.jobId}`, life, () => store.delete(life)),
    purge: (query) => ask("purge", "", undefined, () => store.purge(query)),
    ...(permit && {
      permit: (query: PermitQuery) => ask("permit", ` ${query.queue} ${query.call}`, undefined, () => permit(query)),
    }),
    close: () => {},
    ...(watch === undefined ? {} : { watch }),
  };
}
