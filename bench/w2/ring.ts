import { type Counted, countUp } from "../harness/payload.ts";
import { runProgram } from "../harness/program.ts";
import { Ring } from "../harness/ring.ts";
import { timeFan, WORKERS } from "./fan.ts";

// The limit: tasks in a ring buffer, taken one by one, and nothing else.

interface Task {
  /** The aggregator's index follows those of the workers. */
  readonly target: number;
  readonly data: Counted;
}

class Fan {
  sum = 0;
  readonly #ring: Ring<Task> = new Ring();

  startRound(v: number): void {
    for (let target = 0; target < WORKERS; target++) this.#ring.push({ target, data: { v } });
  }

  take(): Task | undefined {
    return this.#ring.shift();
  }

  handle({ target, data }: Task): void {
    if (target === WORKERS) this.sum += data.v;
    else this.#ring.push({ target: WORKERS, data: countUp(data) });
  }
}

await runProgram({
  "sync": (rounds) =>
    timeFan(rounds, () => {
      const fan = new Fan();
      for (let v = 0; v < rounds; v++) {
        fan.startRound(v);
        for (let task = fan.take(); task !== undefined; task = fan.take()) fan.handle(task);
      }
      return fan.sum;
    }),
  "async": (rounds) =>
    timeFan(rounds, async () => {
      const fan = new Fan();
      const handle = async (task: Task): Promise<void> => fan.handle(task);
      for (let v = 0; v < rounds; v++) {
        fan.startRound(v);
        for (let task = fan.take(); task !== undefined; task = fan.take()) await handle(task);
      }
      return fan.sum;
    }),
});
