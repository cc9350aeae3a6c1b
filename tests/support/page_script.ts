import { type Context, Engine, type EngineOptions, Flow, Registry, Routine } from "../../mod.ts";
import { indexedDbStore } from "../../src/stores/indexed_db_store.ts";
import { storeContract } from "../../src/testing/store_contract.ts";

// What a page, a worker and a service worker run in the tests of the IndexedDB store.

/** How many steps a job has. */
export const STEPS = 12;

/** What the test calls in a page. */
export interface PageScript {
  /** Runs those cases of the contract whose names a pattern matches; returns how many there are, and what has failed. */
  runContract(pattern: string): Promise<{ readonly count: number; readonly failed: readonly string[] }>;
  /** Starts to work on the jobs of a database. */
  work(database: string, options: EngineOptions["durability"]): void;
  /** Starts a job, or joins it. */
  start(jobId: string): Promise<void>;
  /** Tells a job what it has waited for since its first step. */
  release(jobId: string): Promise<void>;
  /** Waits for the end of a job; returns its status and what it has put out. */
  ended(jobId: string): Promise<{ readonly status: string; readonly outputs: readonly unknown[] }>;
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

let flow: Flow | undefined;

function present(): Flow {
  if (flow === undefined) throw new Error("work() was not called");
  return flow;
}

const script: PageScript = {
  async runContract(pattern) {
    const wanted = new RegExp(pattern);
    const tests = new Map<string, () => Promise<void>>();
    let places = 0;
    storeContract({
      test: (name, run) => wanted.test(name) && tests.set(name, run),
      createPlace() {
        const name = `contract ${++places}`;
        return {
          open: () => indexedDbStore({ name }),
          dispose: () => void Reflect.get(globalThis, "indexedDB").deleteDatabase(name),
        };
      },
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
