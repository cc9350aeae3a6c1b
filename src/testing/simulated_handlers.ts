import { ignoreRejection, isThenable } from "../base/thenable.ts";
import type { Activation } from "../engine/activation/activation.ts";
import type { Director } from "../engine/execution/director.ts";
import { type GeneratorLike, isGenerator } from "../engine/execution/generator.ts";
import type { Timers } from "../ports/timers.ts";
import type { FaultKind, Faults } from "./faults.ts";
import type { SeededRandom } from "./seeded_random.ts";
import type { TraceStep } from "./trace.ts";

/** The process, as its handlers see it. */
export interface HandlersHost {
  /** The clock, whose timers fire on time. */
  readonly timers: Timers;
  /** The source of all random choices. */
  readonly random: SeededRandom;
  /** The faults, and their probabilities. */
  readonly faults: Required<Faults>;
  /** The maximum time that an asynchronous handler takes longer than by itself, in milliseconds. */
  readonly handlerMs: number;
  /** Whether the process is dead, so that nothing may happen in it. */
  readonly isGone: boolean;
  /** Records a step. The process may be dead afterwards. */
  step(type: TraceStep["type"], text: string): void;
  /** Records a fault. */
  strike(kind: FaultKind, text: string): void;
  /** Aborts all waiting handlers, and resumes the job. */
  abortHandlers(): void;
}

/** What will happen to a call; chosen before it. */
interface Fate {
  readonly throws: "before" | "after" | undefined;
  readonly hangs: boolean;
  /** The time between the call and its abortion, in milliseconds. */
  readonly abortedAfterMs: number | undefined;
  readonly takesMs: number;
}

/** The result of a call in a dead process: a promise that never settles. */
const never = (): Promise<never> => new Promise(() => {});

/**
 * Runs handlers as they might run in production: slowly, failing, never settling, or interrupted by the end of their
 * process.
 */
export class SimulatedHandlers implements Director {
  readonly #host: HandlersHost;
  #waiting = 0;
  #hanging = 0;

  /** Makes the director of a process. */
  constructor(host: HandlersHost) {
    this.#host = host;
  }

  /** The number of calls that have not settled. */
  get waiting(): number {
    return this.#waiting;
  }

  /** The number of calls that never will. */
  get hanging(): number {
    return this.#hanging;
  }

  choose(count: number): number {
    return this.#host.random.integer(count);
  }

  call(activation: Activation, run: () => unknown): unknown {
    const { task, plan, attempt } = activation;
    const name = `task ${task.id} of ${plan.routine.id}.${plan.slot.name}${
      attempt === 0 ? "" : `, attempt ${attempt}`
    }`;
    const result = this.#perform(activation, name, run);
    return isGenerator(result) ? this.#wrap(activation, name, result) : result;
  }

  /** Wraps a generator so that each of its `next` calls is simulated as a call. */
  #wrap(
    activation: Activation,
    name: string,
    generator: GeneratorLike,
  ): GeneratorLike & { [Symbol.iterator](): unknown } {
    const wrapped = {
      next: () => this.#perform(activation, `${name}, goes on`, () => generator.next()),
      return: (value: undefined) => generator.return(value),
      // Unreachable: it marks the object as a generator for the engine, and is never called.
      [Symbol.iterator]: () => wrapped,
    };
    return wrapped;
  }

  #perform(activation: Activation, name: string, run: () => unknown): unknown {
    const host = this.#host;
    if (host.isGone) return never();
    host.step("call", name);
    const fate = this.#fate();
    if (fate.throws === "before") throw this.#throw(`${name}, before it has begun`);
    const result = run();
    // Calling a generator function runs nothing yet; its `next` calls are simulated instead.
    if (isGenerator(result)) return result;
    if (isThenable(result)) return this.#wait(activation, name, result, fate);
    return this.#comeBack(name, fate) ? result : never();
  }

  #fate(): Fate {
    const { random, faults, handlerMs } = this.#host;
    const strikes = (rate: number) => rate > 0 && random.chance(rate);
    const takesMs = handlerMs > 0 ? random.integer(handlerMs + 1) : 0;
    return {
      throws: strikes(faults.throw) ? (random.chance(0.5) ? "before" : "after") : undefined,
      hangs: strikes(faults.hang),
      abortedAfterMs: strikes(faults.abort) ? random.integer(takesMs + 1) : undefined,
      takesMs,
    };
  }

  #throw(text: string): Error {
    this.#host.strike("throw", text);
    return this.#host.faults.error();
  }

  /** Records the end of a handler's work. Returns whether the process is still alive. */
  #comeBack(name: string, { throws }: Fate): boolean {
    this.#host.step("return", name);
    if (this.#host.isGone) return false;
    if (throws !== undefined) throw this.#throw(`${name}, after all its work`);
    return true;
  }

  #wait(activation: Activation, name: string, result: PromiseLike<unknown>, fate: Fate): Promise<unknown> {
    const host = this.#host;
    this.#waiting++;
    host.step("wait", name);
    if (host.isGone || fate.hangs) {
      ignoreRejection(result);
      if (host.isGone) return never();
      this.#hanging++;
      host.strike("hang", name);
      return never();
    }
    // This timer is set first, so that the abortion precedes the end of the handler.
    if (fate.abortedAfterMs !== undefined) this.#abort(activation, name, fate.abortedAfterMs);
    const elapsed = fate.takesMs === 0 ? undefined : this.#pass(fate.takesMs);
    return this.#settle(name, result, elapsed, fate);
  }

  #abort(activation: Activation, name: string, afterMs: number): void {
    const host = this.#host;
    const abort = () => {
      if (activation.isAborted || host.isGone) return;
      host.strike("abort", name);
      host.abortHandlers();
    };
    if (afterMs === 0) abort();
    else host.timers.after(afterMs, abort);
  }

  async #settle(
    name: string,
    result: PromiseLike<unknown>,
    elapsed: Promise<void> | undefined,
    fate: Fate,
  ): Promise<unknown> {
    let value: unknown;
    let failure: { readonly error: unknown } | undefined;
    try {
      value = await result;
    } catch (error) {
      failure = { error };
    }
    await elapsed;
    this.#waiting--;
    if (this.#host.isGone || !this.#comeBack(name, fate)) return never();
    if (failure !== undefined) throw failure.error;
    return value;
  }

  #pass(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#host.timers.after(ms, resolve));
  }
}
