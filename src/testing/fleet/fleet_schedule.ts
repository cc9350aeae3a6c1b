import type { FleetClient } from "./fleet_client.ts";
import type { ProcessFault } from "./fleet_options.ts";
import type { FleetProcesses } from "./fleet_processes.ts";
import { heldUntil, isHeldBack } from "./fleet_focus.ts";
import { type FleetStage, pick } from "./fleet_stage.ts";
import { checkStranded } from "./stranded.ts";
import { FleetViolation } from "./fleet_violation.ts";
import type { CallFate, StoreAnswer, StoreCall, StoreMethod } from "./store_calls.ts";

/** How long a call or an answer is under way at most, in milliseconds. */
const LONGEST_CALL_MS = 5_000;
/** How long time passes at most in one step, in milliseconds. */
const LONGEST_STEP_MS = 2_000;
/** How many timers may be due at one instant. */
const MOST_TIMERS = 2_000;
/** What keeps a process from working. */
const HARSH: readonly ProcessFault[] = ["death", "rebirth", "block", "sleep"];
/** The chance that a client acts, where a fleet is not about something else. */
const CLIENT_RATE = 0.08;
/** The chance that time passes when a fleet has come to an instant that it is about. */
const RATE_AT_INSTANTS = 0.02;
/** How late a call is at most that its caller has given up, in milliseconds. */
const LATEST_MS = 3_000;

/** What becomes of calls beside that they are carried out and answered. */
const FAULTS: readonly CallFate[] = ["fails", "answer lost", "late"];
/** What becomes of those that an engine does not wait for without end. */
const SILENCE: readonly CallFate[] = ["unanswered", "gone"];
/** The calls that take as long as they take. */
const PATIENT: readonly StoreMethod[] = ["list", "count", "delete", "purge"];

/** What happens next in a fleet: a call is carried out, an answer arrives, time passes, a client acts, or a process has a fault. */
export class FleetSchedule {
  readonly #stage: FleetStage;
  readonly #processes: FleetProcesses;
  readonly #clients: readonly FleetClient[];
  readonly #checkFailure: () => void;
  #faultsLeft: number;
  /** The chances that time passes, and that a process has a fault. */
  readonly #timeRate: number;
  readonly #clientRate: number;
  readonly #faultRate: number;
  readonly #kinds: readonly ProcessFault[];

  /** Makes the schedule; `checkFailure` throws when a promise was broken. */
  constructor(
    stage: FleetStage,
    processes: FleetProcesses,
    clients: readonly FleetClient[],
    checkFailure: () => void,
  ) {
    const { random, focus, steps, settings: { faults } } = stage;
    // Whoever wants fewer faults gets no more by this.
    const own = faults.processes === 0 ? undefined : focus.faults;
    this.#stage = stage;
    this.#processes = processes;
    this.#clients = clients;
    this.#checkFailure = checkFailure;
    this.#faultsLeft = own?.most ?? (random.chance(0.15) ? 0 : random.integer(faults.processes + 1));
    this.#timeRate = focus.timeRate ?? 0.08 + 0.3 * random.next();
    this.#clientRate = focus.clientRate ?? CLIENT_RATE;
    this.#faultRate = stage.isHarsh ? 0.3 : this.#faultsLeft / steps * 2;
    const kinds = faults.kinds.filter((it) => own?.kinds.includes(it) ?? (!stage.isHarsh || HARSH.includes(it)));
    this.#kinds = kinds.length > 0 ? kinds : faults.kinds;
  }

  /** Lets the seed decide what happens next. */
  async step(): Promise<void> {
    await this.#step();
    await this.settle();
  }

  /** Carries out all calls, in order, and lets all answers arrive. */
  async drain(): Promise<void> {
    const { calls, clock } = this.#stage;
    while (calls.calls.length + calls.answers.length > 0) {
      const call = calls.calls.shift();
      if (call !== undefined) await calls.carryOut(call, "done", clock.now);
      const answer = calls.answers.shift();
      if (answer !== undefined) this.#arrive(answer);
      await this.settle();
    }
  }

  /** Lets a client ask a process that is there. Returns false when there is none that can do what it asks for. */
  act(client: FleetClient): boolean {
    const { random, clock } = this.#stage;
    const there = this.#processes.list.filter((it) => it.isThere && client.mayAsk(it));
    const suited = there.filter((it) => client.suits(it));
    const process = pick(
      random,
      suited.length > 0 ? suited : there,
    );
    if (process !== undefined) client.act(process, clock.now);
    return process !== undefined;
  }

  /** Lets time pass until something happens in a process, but not more than `mostMs`. */
  async pass(mostMs: number): Promise<void> {
    const { clock, random } = this.#stage;
    const { list } = this.#processes;
    const next = Math.min(...list.map((it) => it.clock.nextAt()));
    clock.now = Math.max(clock.now, Math.min(next, clock.now + Math.min(mostMs, LONGEST_STEP_MS)));
    for (const process of list) process.clock.goOn();
    for (let fired = 0;; fired++) {
      const due = list.filter((it) => !it.clock.isHeld && it.clock.nextAt() <= clock.now);
      const [first] = due;
      if (first === undefined) return;
      if (fired > MOST_TIMERS) {
        throw new FleetViolation("stranded", `process ${first.number} sets timers without end that are due at once`);
      }
      pick(random, due)?.clock.fireNext();
      await this.#flush();
    }
  }

  /** Does all that needs no time, and checks the promises. */
  async settle(): Promise<void> {
    const { clock, ledger, store } = this.#stage;
    await this.#flush();
    await checkStranded(ledger, store, clock.now);
    for (const process of this.#processes.list) process.checkCalls();
  }

  async #flush(): Promise<void> {
    await this.#stage.clock.flush();
    this.#checkFailure();
  }

  async #step(): Promise<void> {
    const { calls, clock, isHarsh, random } = this.#stage;
    const isOld = ({ sentAt }: { readonly sentAt: number }) => clock.now - sentAt > LONGEST_CALL_MS;
    const waiting = calls.calls.filter((it) => !isHeldBack(it, this.#stage));
    const answers = calls.answers.filter((it) => !it.clock.isHeld && it.heldUntil <= clock.now);
    const oldCall = calls.calls.find(isOld);
    if (oldCall !== undefined) return await this.#carryOut(oldCall, "done");
    const oldAnswer = answers.find(isOld);
    if (oldAnswer !== undefined) return this.#take(oldAnswer);
    const count = waiting.length + answers.length;
    let chance = random.next();
    const timeRate = this.#isInstant ? RATE_AT_INSTANTS : this.#timeRate;
    if (count === 0 || chance < timeRate) {
      return await this.pass(count === 0 ? Infinity : random.integer(400));
    }
    chance -= timeRate;
    if (chance < this.#clientRate) {
      const client = pick(random, this.#clients);
      if (client?.isReady(clock.now) === true && !client.isEarly) this.act(client);
      return;
    }
    const mayHave = this.#faultsLeft > 0 && (!isHarsh || this.#processes.busy.length > 0);
    if (chance < this.#clientRate + this.#faultRate && mayHave) {
      this.#faultsLeft--;
      const kind = pick(random, this.#kinds);
      if (kind !== undefined) this.#processes.disturb(kind);
      return;
    }
    const index = random.integer(count);
    const call = waiting[index];
    if (call !== undefined) return await this.#carryOut(call, this.#fate(call));
    const answer = answers[index - waiting.length];
    if (answer !== undefined) this.#take(answer);
  }

  /** Whether a deadline ends just now, in a fleet that is about deadlines. */
  get #isInstant(): boolean {
    const { focus, ledger: { lives }, clock } = this.#stage;
    return focus.until === "deadline" && [...lives.values()].some(({ deadline }) => deadline === clock.now);
  }

  #fate({ isAwaited, method }: StoreCall): CallFate {
    const { random, callFaults, focus: { fates } } = this.#stage;
    if (!isAwaited || callFaults === 0) return "done";
    if (fates?.methods.includes(method) === true && random.chance(fates.chance)) {
      return pick(random, fates.fates) ?? "done";
    }
    if (!random.chance(callFaults)) return "done";
    return pick(random, PATIENT.includes(method) ? FAULTS : [...FAULTS, ...SILENCE]) ?? "done";
  }

  async #carryOut(call: StoreCall, fate: CallFate): Promise<void> {
    const { calls, trace, clock, random } = this.#stage;
    const { process, name } = call;
    calls.calls.splice(calls.calls.indexOf(call), 1);
    trace.add(() => `${clock.now} process ${process}: ${name} is carried out${fate === "done" ? "" : `: ${fate}`}`);
    const held = fate === "late"
      ? clock.now + random.integer(LATEST_MS)
      : heldUntil(this.#stage.focus.holdsAnswers, call.method, random, clock.now);
    await calls.carryOut(call, fate, clock.now, held);
    // Often the answer comes at once.
    const answer = calls.answers.at(-1);
    const mayArrive = answer !== undefined && !answer.clock.isHeld && answer.heldUntil <= clock.now;
    if (mayArrive && answer.name === name && random.chance(0.5)) {
      await this.settle();
      this.#take(answer);
    }
  }

  #take(answer: StoreAnswer): void {
    const { answers } = this.#stage.calls;
    const index = answers.indexOf(answer);
    // Its process may have died meanwhile.
    if (index < 0) return;
    answers.splice(index, 1);
    this.#arrive(answer);
  }

  #arrive({ arrive, clock, name, process }: StoreAnswer): void {
    const { trace, clock: { now } } = this.#stage;
    if (clock.isGone) return;
    trace.add(() => `${now} process ${process} has the answer to ${name}`);
    arrive();
  }
}
