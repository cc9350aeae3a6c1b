import { isRefusal } from "./errors.ts";

/** A gathered item, and the caller that waits for its result. */
interface Waiting<Item, Answer> {
  readonly item: Item;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

/** How many groups are under way at the same time: while one waits for the disk, the next is sent. */
const LANES = 2;
/** How many items a group has at the most. */
const LARGEST_GROUP = 1_000;

/**
 * Does things together: what is asked for in one turn, or while all lanes are taken, goes out in one statement. Items with one key go out
 * one after the other.
 */
export class Gatherer<Item, Answer> {
  readonly #run: (items: readonly Item[]) => Promise<readonly Answer[]>;
  readonly #keyOf: (item: Item) => unknown;
  #waiting: Waiting<Item, Answer>[] = [];
  readonly #busy: Set<unknown> = new Set();
  #lanes = 0;
  #isScheduled = false;

  /** Makes a gatherer; `run` does things, and answers for each in order. */
  constructor(run: (items: readonly Item[]) => Promise<readonly Answer[]>, keyOf: (item: Item) => unknown) {
    this.#run = run;
    this.#keyOf = keyOf;
  }

  /** Does one thing together with others. */
  add(item: Item): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, resolve, reject });
      this.#schedule();
    });
  }

  #schedule(): void {
    if (this.#isScheduled || this.#lanes >= LANES) return;
    this.#isScheduled = true;
    queueMicrotask(() => this.#gather(0));
  }

  /** Sends when one round of microtasks has added nothing more: jobs that go on by one answer ask one after the other. */
  #gather(seen: number): void {
    const { length } = this.#waiting;
    if (length > seen && length < LARGEST_GROUP) return queueMicrotask(() => this.#gather(length));
    this.#isScheduled = false;
    this.#send();
  }

  #send(): void {
    const group: Waiting<Item, Answer>[] = [];
    const left: Waiting<Item, Answer>[] = [];
    for (const it of this.#waiting) {
      const key = this.#keyOf(it.item);
      if (group.length >= LARGEST_GROUP || this.#busy.has(key)) left.push(it);
      else {
        group.push(it);
        this.#busy.add(key);
      }
    }
    this.#waiting = left;
    if (group.length === 0) return;
    this.#lanes++;
    void this.#do(group).finally(() => {
      this.#lanes--;
      for (const { item } of group) this.#busy.delete(this.#keyOf(item));
      if (this.#waiting.length > 0) this.#schedule();
    });
    if (left.length > 0) this.#schedule();
  }

  async #do(group: readonly Waiting<Item, Answer>[]): Promise<void> {
    let answers: readonly Answer[];
    try {
      answers = await this.#run(group.map(({ item }) => item));
    } catch (error) {
      // One of them may be to blame, for instance for a text that is too long.
      if (group.length > 1 && isRefusal(error)) { for (const it of group) await this.#do([it]); }
      else for (const { reject } of group) reject(error);
      return;
    }
    for (const [index, answer] of answers.entries()) group[index]?.resolve(answer);
  }
}
