import type { MaybePromise } from "../../ports/store.ts";
import { runThrough, waitFor, type Work } from "./files.ts";

/** What writes go to: it collects them, and stores all at once. */
export interface Lane {
  /** Stores what was collected; when that fails, nothing of it has happened. */
  store(): Work<void>;
}

/** A write that shares its group with others of its lane. */
interface Write {
  readonly lane: Lane;
  /** Decides it; what is returned tells the caller. */
  readonly decide: () => () => void;
  readonly reject: (error: unknown) => void;
}

/** Work that has its turn for itself, and tells the caller. */
type Lone = () => Promise<void>;

/**
 * The writes to one job in turn. While a group of them is being stored, those that come make up the next group, which costs
 * no more than one of them. When nothing is waited for, each is done before its call returns.
 */
export class WriteQueue {
  readonly #waits: boolean;
  readonly #turns: (Write | Lone)[] = [];
  #isRunning = false;

  /** Makes an empty queue; `waits` is whether it waits for the device. */
  constructor(waits: boolean) {
    this.#waits = waits;
  }

  /** Has `decide` put a write into a lane, knowing of all writes before it; its answer comes when the write is stored. */
  write<T>(lane: Lane, decide: () => T): MaybePromise<T> {
    if (!this.#waits) {
      const answer = decide();
      runThrough(lane.store());
      return answer;
    }
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const tell = (): () => void => {
      try {
        const answer = decide();
        return () => resolve(answer);
      } catch (error) {
        return () => reject(error);
      }
    };
    this.#add({ lane, decide: tell, reject });
    return promise;
  }

  /** Does work while no write is under way. */
  alone<T>(start: () => Work<T>): MaybePromise<T> {
    if (!this.#waits) return runThrough(start());
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    this.#add(() => waitFor(start()).then(resolve, reject));
    return promise;
  }

  #add(turn: Write | Lone): void {
    this.#turns.push(turn);
    if (!this.#isRunning) void this.#run();
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    // What the caller writes in one go is one group.
    await undefined;
    for (let turn = this.#turns[0]; turn !== undefined; turn = this.#turns[0]) {
      if (typeof turn === "function") {
        this.#turns.shift();
        await turn();
      } else await this.#store(turn.lane);
    }
    this.#isRunning = false;
  }

  async #store(lane: Lane): Promise<void> {
    const group = this.#take(lane);
    const tells = group.map(({ decide }) => decide());
    try {
      await waitFor(lane.store());
    } catch (error) {
      // Those that wait may build upon what has failed: they are not to take it for the work of somebody else.
      for (const { reject } of [...group, ...this.#take(lane)]) reject(error);
      return;
    }
    for (const tell of tells) tell();
  }

  /** Takes the writes of a lane from the head of the queue. */
  #take(lane: Lane): Write[] {
    const group: Write[] = [];
    for (let turn = this.#turns[0]; turn !== undefined; turn = this.#turns[0]) {
      if (typeof turn === "function" || turn.lane !== lane) break;
      group.push(turn);
      this.#turns.shift();
    }
    return group;
  }
}
