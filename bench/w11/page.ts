import { type Context, Engine, Flow, Routine } from "@routilux/routilux";

// What the page of W11 runs: handlers of a millisecond, and the same work in a loop that yields to the browser after each.

/** The part of a browser's `scheduler` that the loop uses. */
declare const scheduler: { yield(): Promise<void> };

function work(ms: number): void {
  for (const end = performance.now() + ms; performance.now() < end;);
}

class Round extends Routine {
  readonly trigger = this.addSlot("trigger", this.go);
  readonly next = this.addEvent<{ left: number }>("next");
  go({ left }: { left: number }, ctx: Context): void {
    work(1);
    if (left > 1) ctx.emit(this.next, { left: left - 1 });
  }
}

/** How many milliseconds a job of so many handlers takes. */
async function job(handlers: number): Promise<number> {
  const flow = new Flow({ id: "rounds", engine: new Engine() });
  const round = flow.addRoutine(new Round(), "round");
  flow.connect(round.next, round.trigger);
  const start = performance.now();
  const { status } = await flow.run(round.trigger, { left: handlers });
  if (status !== "completed") throw new Error(`The job is ${status}`);
  return performance.now() - start;
}

/** How many milliseconds the loop takes. */
async function loop(rounds: number): Promise<number> {
  const start = performance.now();
  for (let n = 0; n < rounds; n++) {
    work(1);
    await scheduler.yield();
  }
  return performance.now() - start;
}

Reflect.set(globalThis, "w11", { job, loop });
