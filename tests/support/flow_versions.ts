import { type Context, type DurabilityOptions, Engine, type EngineEvent, Flow, Registry, Routine } from "../../mod.ts";
import type { Store } from "../../src/ports/mod.ts";
import { manualIds, type ManualTimers } from "../../src/testing/mod.ts";

/** Asks, and passes the answer on. */
class Ask extends Routine {
  readonly trigger = this.addSlot("trigger", this.ask);
  readonly answer = this.addSlot("answer", this.pass);
  readonly answered = this.addEvent<{ n: number }>("answered");
  ask(_: unknown, ctx: Context): void {
    ctx.state.set("asked", true);
    ctx.expect(this.answer);
  }
  pass({ n }: { n: number }, ctx: Context): void {
    ctx.emit(this.answered, { n });
  }
}

/** Says what it gets, and fails at what is below 0. */
class Note extends Routine {
  readonly input = this.addSlot("input", this.note);
  note({ n }: { n: number }, ctx: Context): void {
    if (n < 0) throw new RangeError("below 0");
    ctx.output(ctx.routineId, n);
  }
}

let processes = 0;

/** The options of a simulated process. */
export interface VersionOptions {
  readonly store: Store;
  readonly timers: ManualTimers;
  readonly durability?: DurabilityOptions;
}

/**
 * A simulated process whose version of the flow `asking` is the first one (`ask` and `sum`), or the second one: there, `ask` is called
 * `question`, if that is said, and answers are noted by `audit`, too, or by others that are named.
 */
export class VersionProcess {
  readonly engine: Engine;
  readonly flow: Flow;
  readonly events: EngineEvent[] = [];

  constructor(
    version: 1 | 2,
    { store, timers, durability = {} }: VersionOptions,
    ask = "ask",
    notes: readonly string[] = version === 1 ? ["sum"] : ["sum", "audit"],
  ) {
    const registry = new Registry({ Ask, Note });
    const number = ++processes;
    this.engine = new Engine({
      ...{ timers, registry, store, ids: manualIds(`id-${number}`) },
      durability: { owner: `process ${number}`, ...durability },
      observer: (event) => void this.events.push(event),
    });
    this.flow = new Flow({ id: "asking", version, registry, engine: this.engine });
    const asking = this.flow.addRoutine(new Ask(), ask);
    for (const id of notes) {
      this.flow.connect(asking.answered, this.flow.addRoutine(new Note(), id).input);
    }
  }

  /** What is told of a kind. */
  told<T extends EngineEvent["type"]>(type: T): Extract<EngineEvent, { type: T }>[] {
    return this.events.filter((event): event is Extract<EngineEvent, { type: T }> => event.type === type);
  }
}

/** The process of the first version stores a job, which asks; then the process ends. */
export async function startAsking({ store, timers }: VersionOptions, jobId = "job"): Promise<void> {
  const { engine, flow } = new VersionProcess(1, { store, timers });
  await flow.start("ask", {}, { jobId });
  const worker = engine.work({ idleMs: 0 });
  await timers.advance(1_000);
  await timers.advance(1_000);
  await worker.stop();
  await engine.shutdown();
}

/** Waits for a call that needs time. */
export async function within<T>(timers: ManualTimers, call: Promise<T>): Promise<T> {
  let isOver = false;
  const over = () => void (isOver = true);
  call.then(over, over);
  await timers.flush();
  for (let second = 0; !isOver; second++) {
    if (second > 600) throw new Error("It has not come to its end within ten minutes");
    await timers.advance(1_000);
  }
  return await call;
}

/** Runs what is due, until the job has ended. */
export async function outputsOf({ engine }: VersionProcess, timers: ManualTimers, jobId = "job"): Promise<string> {
  const worker = engine.work();
  const { status, outputLog } = await within(timers, engine.handle(jobId).ended());
  await within(timers, worker.stop());
  return [status, ...outputLog.map(({ type, data }) => `${type} ${data}`)].join(", ");
}
