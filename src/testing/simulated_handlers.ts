import { ignoreRejection, isThenable } from "../base/thenable.ts";
import type { Activation } from "../engine/activation/activation.ts";
import type { Director } from "../engine/execution/director.ts";
import { type GeneratorLike, isGenerator } from "../engine/activation/handler_result.ts";
import type { Timers } from "../ports/timers.ts";
import type { FaultKind, Faults } from "./faults.ts";
import type { Random } from "./seeded_random.ts";
import type { TraceStep } from "./trace.ts";

/** What simulated handlers need of the process that they run in. */
export interface HandlersHost {
  /** The clock, whose timers are on time. */
  readonly timers: Timers;
  /** All that is left to chance. */
  readonly random: Random;
  /** What goes wrong, and how often. */
  readonly faults: Required<Faults>;
  /** How much longer than by itself a handler takes that waits, at the most, in milliseconds. */
  readonly handlerMs: number;
  /** Whether the process is no more: nothing may happen in it. */
  readonly isGone: boolean;
  /** Something has happened; the process may be gone afterwards. */
  step(type: TraceStep["type"], text: string): void;
  /** A fault strikes. */
  strike(kind: FaultKind, text: string): void;
  /** Aborts all handlers that wait, and goes on with the job. */
  abortHandlers(): void;
}

/** What befalls one call, decided before it. */
interface Fate {
  readonly throws: "before" | "after" | undefined;
  readonly hangs: boolean;
  /** How long after its call it is aborted. */
  readonly abortedAfterMs: number | undefined;
  readonly takesMs: number;
}

/** What comes of a call in a process that is no more. */
const never = (): Promise<never> => new Promise(() => {});

/** Runs handlers as the world might: late, failing, never coming back, cut off by the end of their process. */
export class SimulatedHandlers implements Director {
  readonly #host: HandlersHost;
  #waiting = 0;
  #hanging = 0;

  /** Makes the handlers of a process. */
  constructor(host: HandlersHost) {
    this.#host = host;
  }

  /** How many handlers have not come back. */
  get waiting(): number {
    return this.#waiting;
  }

  /** How many of them never will. */
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

  /** Each stretch of a generator is a call of its own. */
  #wrap(
    activation: Activation,
    name: string,
    generator: GeneratorLike,
  ): GeneratorLike & { [Symbol.iterator](): unknown } {
    const wrapped = {
      next: () => this.#perform(activation, `${name}, goes on`, () => generator.next()),
      return: (value: undefined) => generator.return(value),
      // Unreachable: it tells the engine that this is a generator, and is not called.
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
    // What follows of a generator's first call is nothing yet: its stretches are calls.
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

  /** A handler has done its work: says whether its process is still there. */
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
    // Its timer comes first: a handler is aborted before it comes back.
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
    else host.timers.setTimer(host.timers.now() + afterMs, abort);
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
    const { timers } = this.#host;
    return new Promise((resolve) => void timers.setTimer(timers.now() + ms, resolve));
  }
}
