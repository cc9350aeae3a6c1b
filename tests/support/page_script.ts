import { type Context, Engine, type EngineOptions, Flow, JobState, Registry, Routine } from "../../mod.ts";
import { indexedDbStore } from "../../src/stores/indexed_db_store.ts";
import { type KeyValueStorage, keyValueStore } from "../../src/stores/key_value_store.ts";
import { storeContract, type StorePlace } from "../../src/testing/store_contract.ts";

// What a page, a worker and a service worker run in the tests with a browser.

/** How many steps a job has. */
export const STEPS = 12;

/** What the test calls in a page. */
export interface PageScript {
  /** Runs those cases of the contract whose names a pattern matches; returns how many there are, and what has failed. */
  runContract(
    pattern: string,
    storage: "indexedDB" | "localStorage",
  ): Promise<{ readonly count: number; readonly failed: readonly string[] }>;
  /** Starts a job in memory, stops it after some steps, and returns its document as a text. */
  halfOfJob(): Promise<string>;
  /** Goes on with that job to its end; returns its status and what it has put out. */
  restOfJob(text: string): Promise<EndedJob>;
  /** Runs a job that never waits until a timer fires; returns what has stopped it. */
  runUntilTimer(hasScheduler: boolean): Promise<string>;
  /** Makes code of a text, which the page's policy refuses; returns the name of the error. */
  makeCode(): Promise<string>;
  /** Starts to work on the jobs of a database. */
  work(database: string, options: EngineOptions["durability"]): void;
  /** Starts a job, or joins it. */
  start(jobId: string): Promise<void>;
  /** Tells a job what it has waited for since its first step. */
  release(jobId: string): Promise<void>;
  /** Waits for the end of a job; returns its status and what it has put out. */
  ended(jobId: string): Promise<EndedJob>;
}

interface EndedJob {
  readonly status: string;
  readonly outputs: readonly unknown[];
}

/** Asks the test's server for each step whether it may go on: the test sees which steps run, and stops them where it likes. */
class Steps extends Routine {
  readonly trigger = this.addSlot<{ n: number }>("trigger", this.step);
  readonly next = this.addEvent<{ n: number }>("next");
  readonly released = this.addSlot("released", this.release);
  async step({ n }: { n: number }, ctx: Context): Promise<void> {
    if (n === 1) ctx.expect(this.released);
    await fetch(`/step?n=${n}&key=${encodeURIComponent(ctx.idempotencyKey)}`, { signal: ctx.signal });
    ctx.output("step", n);
    if (n < STEPS) ctx.emit(this.next, { n: n + 1 });
  }
  release(_data: unknown, ctx: Context): void {
    ctx.output("step", "released");
  }
}

/** Makes its steps without asking anybody. */
class Counter extends Routine {
  readonly trigger = this.addSlot("trigger", this.count);
  async *count({ below }: { below: number }, ctx: Context<number>): AsyncGenerator<number, void, void> {
    for (let n = ctx.progress ?? 1; n < below; n++) {
      ctx.output("step", n);
      yield n + 1;
      await new Promise((resolve) => setTimeout(resolve));
    }
  }
}

/** Goes round until it is told to stop, or for longer than any machine may need. */
class Round extends Routine {
  static stop: string | undefined;
  readonly #startedAt = performance.now();
  readonly trigger = this.addSlot("trigger", this.go);
  readonly again = this.addEvent("again");
  go(_data: unknown, ctx: Context): void {
    if (performance.now() - this.#startedAt > 30_000) Round.stop ??= "nothing";
    if (Round.stop === undefined) ctx.emit(this.again, {});
  }
}

const counters = new Registry({ Counter });
const COUNTED = 40;

function placeOf(storage: "indexedDB" | "localStorage", name: string, recipe: Recipe): StorePlace {
  if (storage === "indexedDB") {
    return {
      open: () => indexedDbStore({ name }),
      dispose: () => void Reflect.get(globalThis, "indexedDB").deleteDatabase(name),
    };
  }
  const kept = recipe.webStorage(localStorage);
  return { open: () => keyValueStore(kept, { prefix: name }), dispose: () => localStorage.clear() };
}

/** What the module of the guide exports. */
interface Recipe {
  webStorage(storage: Storage): KeyValueStorage;
}

/** The server's file: no part of the bundle. */
const RECIPE: string = "/recipe.js";

let flow: Flow | undefined;

function present(): Flow {
  if (flow === undefined) throw new Error("work() was not called");
  return flow;
}

const script: PageScript = {
  async runContract(pattern, storage) {
    const recipe: Recipe = await import(RECIPE);
    const wanted = new RegExp(pattern);
    const tests = new Map<string, () => Promise<void>>();
    let places = 0;
    storeContract({
      test: (name, run) => wanted.test(name) && tests.set(name, run),
      createPlace: () => placeOf(storage, `contract ${++places}`, recipe),
    });
    const failed: string[] = [];
    for (const [name, run] of tests) {
      try {
        await run();
      } catch (error) {
        failed.push(`${name}: ${error}`);
      }
    }
    return { count: tests.size, failed };
  },
  async halfOfJob() {
    const flow = new Flow({ id: "counted", registry: counters, engine: new Engine() });
    const counter = flow.addRoutine(new Counter(), "counter");
    const job = flow.execute(counter.trigger, { below: COUNTED });
    await flow.waitUntil(job, ({ outputLog }) => outputLog.length > COUNTED / 2);
    await flow.pause(job);
    return JSON.stringify({ flow, job });
  },
  async restOfJob(text) {
    const received = JSON.parse(text);
    const flow = Flow.fromJSON(received.flow, counters, { engine: new Engine() });
    const job = JobState.fromJSON(received.job, counters);
    flow.resume(job);
    await flow.waitForCompletion(job);
    return { status: job.status, outputs: job.outputLog.map(({ data }) => data) };
  },
  async runUntilTimer(hasScheduler) {
    if (!hasScheduler) Reflect.deleteProperty(globalThis, "scheduler");
    Round.stop = undefined;
    const flow = new Flow({ id: "round", engine: new Engine() });
    const round = flow.addRoutine(new Round(), "round");
    flow.connect(round.again, round.trigger);
    setTimeout(() => Round.stop ??= `a timer, ${"scheduler" in globalThis ? "with" : "without"} a scheduler`);
    await flow.waitForCompletion(flow.execute(round.trigger));
    return Round.stop ?? "itself";
  },
  async makeCode() {
    const made = new Promise((resolve) => resolve(new Function("return 1")()));
    return await made.then(() => "none", (error) => error.name);
  },
  work(database, durability = {}) {
    const engine = new Engine({
      store: indexedDbStore({ name: database }),
      registry: new Registry({ Steps }),
      durability,
    });
    flow = new Flow({ id: "steps", engine });
    const steps = flow.addRoutine(new Steps(), "steps");
    flow.connect(steps.next, steps.trigger);
    engine.work({ pollMs: 200 });
  },
  async start(jobId) {
    await present().start("steps", { n: 1 }, { jobId, ifExists: "join" });
  },
  async release(jobId) {
    await present().handle(jobId).deliver({ routine: "steps", slot: "released" }, {}, { key: "release" });
  },
  async ended(jobId) {
    const { status, outputLog } = await present().handle(jobId).ended();
    return { status, outputs: outputLog.map(({ data }) => data) };
  },
};
Reflect.set(globalThis, "script", script);

// A worker of any kind gets the name of a call and its arguments, and answers on the port that comes with them.
addEventListener("message", (event: Event & Partial<Pick<MessageEvent, "data" | "ports">>) => {
  const { data, ports: [port] = [] } = event;
  if (port === undefined) return;
  const [name, ...args]: [keyof PageScript, ...never[]] = data;
  const call = Promise.resolve(Reflect.apply(script[name], script, args));
  call.then((value) => port.postMessage({ value }), (error) => port.postMessage({ error: String(error) }));
});
