import type { Counted } from "../harness/payload.ts";
import { runProgram } from "../harness/program.ts";
import { Ring } from "../harness/ring.ts";
import { type Goods, STAGES, timeChain, variantsOf } from "./chain.ts";

// The limit: tasks in a ring buffer, taken one by one, and nothing else. The source sends an item when few tasks are
// left.

const HIGH_WATER = 64;

interface Task<T> {
  readonly stage: number;
  readonly data: T;
}

class Chain<T extends Counted> {
  readonly ring: Ring<Task<T>> = new Ring();
  sum = 0;
  readonly #goods: Goods<T>;
  readonly #count: number;
  #sent = 0;

  constructor(goods: Goods<T>, count: number) {
    this.#goods = goods;
    this.#count = count;
  }

  take(): Task<T> | undefined {
    if (this.#sent < this.#count && this.ring.size < HIGH_WATER) {
      this.ring.push({ stage: 0, data: this.#goods.make(this.#sent++) });
    }
    return this.ring.shift();
  }

  handle({ stage, data }: Task<T>): void {
    if (stage === STAGES) this.sum += data.v;
    else this.ring.push({ stage: stage + 1, data: this.#goods.next(data) });
  }
}

/** The least that the guarantees cost: a frozen copy and a look at the clock for each activation. */
class GuardedChain<T extends Counted> extends Chain<T> {
  updatedAt = 0;

  override handle(task: Task<T>): void {
    super.handle(task);
    this.updatedAt = Date.now();
  }
}

/** Makes a frozen copy; nested objects are frozen before. */
function guarded<T extends Counted>(item: T): T {
  return Object.freeze({ ...item });
}

function run<T extends Counted>(chain: Chain<T>): number {
  for (let task = chain.take(); task !== undefined; task = chain.take()) chain.handle(task);
  return chain.sum;
}

await runProgram(variantsOf((goods) => ({
  "sync": (count) => timeChain(count, () => run(new Chain(goods, count))),
  "guarded": (count) =>
    timeChain(count, () => {
      const { make, next } = goods;
      return run(new GuardedChain({ make: (v) => guarded(make(v)), next: (item) => guarded(next(item)) }, count));
    }),
  "async": (count) =>
    timeChain(count, async () => {
      const chain = new Chain(goods, count);
      const handle = async (task: Task<typeof goods extends Goods<infer T> ? T : never>) => chain.handle(task);
      for (let task = chain.take(); task !== undefined; task = chain.take()) await handle(task);
      return chain.sum;
    }),
})));
