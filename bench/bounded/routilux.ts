import { type Context, Engine, Flow, Registry, Routine } from "@routilux/routilux";
import { manualTimers } from "@routilux/routilux/testing";
import { expectEqual, type Figures, isSmall, runProgram } from "../harness/program.ts";
import type { Counted } from "../harness/payload.ts";
import { Gauge } from "./gauge.ts";

// Each run does more and more of the same, and measures along the way what is kept. What a store keeps of jobs that have ended is
// purged as it goes, as users do.

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

/** How much is done: small runs only have to find a leak of some hundred bytes each time. */
const TOTAL = isSmall
  ? { steps: 20_000, jobs: 4_000, flows: 200, days: 100, checkpoints: 15_000, commands: 5_000 }
  : { steps: 1_000_000, jobs: 100_000, flows: 1_500, days: 365, checkpoints: 30_000, commands: 100_000 };

/** How many records of its history a job keeps: as many as it makes in the first quarter, at the most. */
const HISTORY = isSmall ? 20 : 1_000;
/** A journal has to be compacted many times in a run. */
const DURABILITY = { snapshotLength: isSmall ? 10_000 : 100_000, keyRetentionMs: 0 };

function macrotask(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}

/** Makes an engine that is measured. */
function engineOf(gauge: Gauge, registry: Registry, durability: object = {}): Engine {
  const { counted: { store }, timers } = gauge;
  return gauge.engine = new Engine({ registry, store, timers, durability: { ...DURABILITY, ...durability } });
}

/** Makes a flow of that engine, without time limit. */
function flowOf(id: string, engine: Engine, registry: Registry, history: number = HISTORY): Flow {
  return new Flow({ id, registry, engine, limits: { history }, executionTimeoutMs: Infinity });
}

async function runSteps(): Promise<Figures> {
  const { steps } = TOTAL;
  const gauge = new Gauge(steps);
  class Only extends Routine {
    readonly trigger = this.addSlot("trigger", this.step);
    readonly next = this.addEvent<Counted>("next");
    step({ v }: Counted, ctx: Context): void {
      gauge.reach(v);
      if (v < steps) ctx.emit(this.next, { v: v + 1 });
    }
  }
  const registry = new Registry({ Only });
  const flow = flowOf("steps", engineOf(gauge, registry), registry);
  const { next, trigger } = flow.addRoutine(new Only(), "only");
  flow.connect(next, trigger);
  gauge.begin();
  await flow.run("only", { v: 1 });
  return gauge.figures();
}

async function runCheckpoints(): Promise<Figures> {
  const { checkpoints } = TOTAL;
  const gauge = new Gauge(checkpoints);
  class Only extends Routine {
    readonly trigger = this.addSlot("trigger", this.work);
    async work(_: Counted, ctx: Context): Promise<void> {
      for (let n = 1; n <= checkpoints; n++) {
        await ctx.checkpoint({ n });
        gauge.reach(n);
      }
    }
  }
  const registry = new Registry({ Only });
  const flow = flowOf("checkpoints", engineOf(gauge, registry), registry);
  flow.addRoutine(new Only(), "only");
  gauge.begin();
  await flow.run("only", { v: 1 });
  return gauge.figures();
}

async function runJobs(): Promise<Figures> {
  const { jobs, flows } = TOTAL;
  const gauge = new Gauge(jobs);
  const { counted } = gauge;
  class Source extends Routine {
    readonly trigger = this.addSlot("trigger", this.send);
    readonly item = this.addEvent<Counted>("item");
    send(params: Counted, ctx: Context): void {
      ctx.emit(this.item, params);
    }
  }
  class Sink extends Routine {
    readonly input = this.addSlot("input", this.take);
    take({ v }: Counted, ctx: Context): void {
      ctx.shared.set("last", v);
    }
  }
  const registry = new Registry({ Source, Sink });
  let dead = { owner: "none", incarnation: 0 };
  // Each round, another engine begins jobs, and dies.
  const starter = new Engine({
    registry,
    store: { ...counted.store, create: (made) => counted.store.create(made.map((job) => ({ ...job, claim: dead }))) },
  });
  const all = Array.from({ length: flows }, (_, n) => {
    const flow = new Flow({ id: `flow ${n}`, registry, engine: starter });
    flow.connect(flow.addRoutine(new Source(), "source").item, flow.addRoutine(new Sink(), "sink").input);
    return flow;
  });
  const engine = engineOf(gauge, registry);
  const round = async (count: number): Promise<void> => {
    const owner = crypto.randomUUID();
    const query = { owner, token: owner, now: Date.now() - 1_000, leaseMs: 1, takesOver: false };
    dead = { owner, incarnation: (await counted.store.enter(query)).incarnation ?? 0 };
    const before = counted.ended;
    for (const flow of all.slice(0, count)) await flow.start("source", { v: before });
    const { errors } = await engine.recover();
    expectEqual("The number of errors", errors.length, 0);
    while (counted.ended < before + count) await macrotask();
    expectEqual("The number of purged jobs", await engine.purge({ endedBefore: Infinity }), count);
  };
  await round(flows);
  const warmUp = counted.ended;
  gauge.begin();
  while (counted.ended - warmUp < jobs) {
    await round(Math.min(flows, jobs - (counted.ended - warmUp)));
    gauge.reach(counted.ended - warmUp);
  }
  return gauge.figures();
}

async function runYear(): Promise<Figures> {
  const { days } = TOTAL;
  const timers = manualTimers(Date.now());
  const gauge = new Gauge(days, timers);
  class Only extends Routine {
    readonly trigger = this.addSlot("trigger", this.wake);
    readonly next = this.addEvent<Counted>("next");
    wake({ v }: Counted, ctx: Context): void {
      ctx.shared.set("days", v);
      ctx.emit(this.next, { v: v + 1 }, { delayMs: DAY_MS });
    }
  }
  const registry = new Registry({ Only });
  const durability = { leaseMs: 12 * HOUR_MS, commandPollMs: HOUR_MS, snapshotLength: 5_000 };
  const engine = engineOf(gauge, registry, durability);
  const flow = flowOf("year", engine, registry, 20);
  const { next, trigger } = flow.addRoutine(new Only(), "only");
  flow.connect(next, trigger);
  const worker = engine.work({ idleMs: 5_000, pollMs: HOUR_MS, signal: gauge.signal.signal });
  const job = await flow.start("only", { v: 0 });
  await timers.advance(HOUR_MS);
  gauge.begin();
  for (let day = 1; day <= days; day++) {
    await timers.advance(DAY_MS);
    expectEqual("The number of live jobs", worker.size, 0);
    gauge.reach(day);
  }
  expectEqual("The number of days", (await job.read()).sharedData["days"], days);
  const stopped = worker.stop();
  await timers.advance(HOUR_MS);
  expectEqual("How often the job was taken", (await stopped).taken, days + 1);
  return gauge.figures();
}

async function runCommands(): Promise<Figures> {
  const { commands } = TOTAL;
  const gauge = new Gauge(commands);
  let taken = 0;
  class Only extends Routine {
    readonly trigger = this.addSlot("trigger", this.wait);
    readonly input = this.addSlot("input", this.take);
    readonly last = this.addSlot("last", this.end);
    wait(_: Counted, ctx: Context): void {
      ctx.expect("last");
    }
    take(): void {
      taken++;
    }
    end(): void {}
  }
  const registry = new Registry({ Only });
  const engine = engineOf(gauge, registry);
  const flow = flowOf("commands", engine, registry);
  flow.addRoutine(new Only(), "only");
  const { signal } = gauge.signal;
  const worker = engine.work({ signal, pollMs: 20 });
  const job = await flow.start("only", { v: 0 });
  const ended = job.ended({ signal });
  gauge.begin();
  while (taken < commands) {
    const sent = taken + commands / 200;
    for (let v = taken; v < sent; v++) await job.deliver({ routine: "only", slot: "input" }, { v }, { signal });
    while (taken < sent) await macrotask();
    gauge.reach(taken);
  }
  await job.deliver({ routine: "only", slot: "last" }, undefined);
  expectEqual("The status", (await ended).status, "completed");
  await worker.stop();
  return gauge.figures();
}

await runProgram({
  steps: runSteps,
  jobs: runJobs,
  year: runYear,
  checkpoints: runCheckpoints,
  commands: runCommands,
});
