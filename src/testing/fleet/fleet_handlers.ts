import { isThenable } from "../../base/thenable.ts";
import type { Activation } from "../../engine/activation/activation.ts";
import type { Director } from "../../engine/execution/director.ts";
import { type GeneratorLike, isGenerator } from "../../engine/execution/generator.ts";
import type { SeededRandom } from "../seeded_random.ts";
import type { ProcessClock } from "./fleet_clock.ts";

/** What the handlers of a process need from it. */
export interface HandlersStage {
  readonly clock: ProcessClock;
  readonly random: SeededRandom;
  /** The maximum time that an asynchronous handler takes longer than by itself, in milliseconds. */
  readonly handlerMs: number;
  /** Notes that a handler starts; the returned function notes its end. */
  starts(activation: Activation): () => void;
}

/** Runs the handlers of one process: they take time, and stop for ever when the process dies. */
export class FleetHandlers implements Director {
  readonly #stage: HandlersStage;

  /** Makes the director of a process. */
  constructor(stage: HandlersStage) {
    this.#stage = stage;
  }

  /** The oldest: a younger one may have to wait until the commit that made it is stored. */
  choose(): number {
    return 0;
  }

  call(activation: Activation, run: () => unknown): unknown {
    const result = this.#perform(activation, run);
    if (!isGenerator(result)) return result;
    const wrapped: GeneratorLike & { [Symbol.iterator](): unknown } = {
      next: () => this.#perform(activation, () => result.next()),
      return: (value) => result.return(value),
      // Unreachable: it marks the object as a generator for the engine, and is never called.
      [Symbol.iterator]: () => wrapped,
    };
    return wrapped;
  }

  #perform(activation: Activation, run: () => unknown): unknown {
    const ends = this.#stage.starts(activation);
    let isPending = false;
    try {
      const result = run();
      isPending = !isGenerator(result) && isThenable(result);
      return isPending ? this.#wait(result, ends) : result;
    } finally {
      if (!isPending) ends();
    }
  }

  async #wait(result: unknown, ends: () => void): Promise<unknown> {
    const { random, handlerMs, clock } = this.#stage;
    const takesMs = random.integer(handlerMs + 1);
    const elapsed = new Promise<void>((resolve) => void clock.after(takesMs, resolve));
    try {
      return await result;
    } finally {
      if (takesMs > 0) await elapsed;
      ends();
    }
  }
}
