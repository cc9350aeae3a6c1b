import { assert, assertEquals } from "@std/assert";
import { test } from "node:test";
import { type Context, Engine, ErrorHandler, Flow, Registry, Routine } from "../../mod.ts";
import type { Store } from "../../src/ports/mod.ts";
import { StoreClock } from "../../src/engine/durable/store_clock.ts";
import { memoryStore } from "../../src/stores/memory_store.ts";
import { type ManualTimers, manualTimers } from "../../src/testing/mod.ts";
import { clockedStore } from "../support/clocked_store.ts";
import { lateStore } from "../support/late_store.ts";

const MINUTE = 60_000;
/** What the store's clock shows at first. */
const STARTED_AT = Date.UTC(2026, 0, 1);
/** How far all clocks move at a time: the clocks of the engines move one after the other. */
const STEP_MS = 250;
/** How long an engine's worker waits at most before it asks again. */
const POLL_MS = 1_000;

/** What the handler of a job does in the end, and how its job waits before that. */
type Way = "at" | "delay" | "retry" | "answer" | "deadline";

/** Engines on one store that has a clock of its own, and what their handlers have done when, by that clock. */
class Hosts {
  readonly #server: ManualTimers = manualTimers(STARTED_AT);
  readonly store: Store;
  readonly #all: ManualTimers[] = [];
  /** What was done, and how long after the beginning. */
  readonly done: (readonly [what: string, after: number])[] = [];

  constructor(wrap: (store: Store) => Store) {
    this.store = wrap(clockedStore(memoryStore(), () => this.#server.now()));
  }

  get now(): number {
    return this.#server.now();
  }

  note(what: string): void {
    this.done.push([what, this.now - STARTED_AT]);
  }

  /** Makes an engine on a host whose clock differs from the store's. */
  add(byMs: number): Host {
    const timers = manualTimers(this.now + byMs);
    this.#all.push(timers);
    return new Host(this, timers);
  }

  /** Lets time pass everywhere. */
  async pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= STEP_MS) {
      await this.#server.advance(STEP_MS);
      for (const timers of this.#all) await timers.advance(STEP_MS);
    }
  }

  /** Checks that something was done once, at an instant after the beginning: as exactly as clocks move and workers ask. */
  check(what: string, after: number): void {
    assertEquals(this.done.map(([what]) => what), [what]);
    const [[, at] = []] = this.done;
    assert(at !== undefined && at >= after - STEP_MS && at <= after + POLL_MS + STEP_MS, `${what} after ${at} ms`);
  }
}

class Host {
  readonly timers: ManualTimers;
  readonly engine: Engine;
  readonly flow: Flow;

  constructor(hosts: Hosts, timers: ManualTimers) {
    this.timers = timers;
    class Work extends Routine {
      readonly trigger = this.addSlot("trigger", this.begin);
      readonly answer = this.addSlot("answer", this.take);
      readonly late = this.addSlot("late", this.miss);
      readonly input = this.addSlot("input", this.end);
      readonly item = this.addEvent<{ way: Way }>("item");

      begin({ way }: { way: Way }, ctx: Context): void {
        if (way === "delay") ctx.emit(this.item, { way }, { delayMs: MINUTE });
        else if (way === "answer") ctx.expect(this.answer, { timeoutMs: MINUTE, onTimeout: this.late });
        else if (way === "deadline") ctx.expect(this.answer);
        else if (way === "retry" && ctx.attempt === 0) throw new Error("again");
        else hosts.note(way);
      }

      take(): void {}

      miss(): void {
        hosts.note("answer");
      }

      end({ way }: { way: Way }): void {
        hosts.note(way);
      }
    }
    const registry = new Registry({ Work });
    this.engine = new Engine({ registry, store: hosts.store, timers, durability: { leaseMs: 15_000 } });
    const errorHandler = new ErrorHandler({ strategy: "retry", maxRetries: 1, retryDelayMs: MINUTE, jitter: 0 });
    this.flow = new Flow({ id: "work", registry, engine: this.engine, errorHandler });
    const work = this.flow.addRoutine(new Work(), "work");
    this.flow.connect(work.item, work.input);
  }

  /** Works, and lets go of jobs that wait for long. */
  work() {
    return this.engine.work({ pollMs: POLL_MS, idleMs: 2 * POLL_MS, drainMs: 0 });
  }
}

for (const [how, wrap] of Object.entries({ "": (store: Store) => store, " that answers later": lateStore })) {
  for (const by of [10 * MINUTE, -10 * MINUTE]) {
    const between = `${by > 0 ? "from a host that is ahead" : "to a host that is ahead"}, with a store${how}`;

    for (const way of ["delay", "retry", "answer"] as const) {
      test(`C518 a job moves ${between}, and what it waits for comes in time: ${way}`, async () => {
        const hosts = new Hosts(wrap);
        const [first, second] = [hosts.add(by), hosts.add(-by)];
        const worker = first.work();
        await first.flow.start("work", { way }, { jobId: "job" });
        await hosts.pass(MINUTE / 2);
        await Promise.all([worker.stop(), hosts.pass(POLL_MS)]);
        second.work();
        await hosts.pass(2 * MINUTE);
        hosts.check(way, MINUTE);
      });
    }

    test(`C518 a job that begins at an instant of a process's clock moves ${between}`, async () => {
      const hosts = new Hosts(wrap);
      const [first, second] = [hosts.add(by), hosts.add(-by)];
      second.work();
      await first.flow.start("work", { way: "at" }, { jobId: "job", at: first.timers.now() + MINUTE });
      await hosts.pass(2 * MINUTE);
      hosts.check("at", MINUTE);
    });

    for (const begin of ["start", "execute"] as const) {
      test(`C518 the deadline of a job by ${begin} moves ${between}`, async () => {
        const hosts = new Hosts(wrap);
        const [first, second] = [hosts.add(by), hosts.add(-by)];
        const options = { jobId: "job", deadlineMs: MINUTE };
        if (begin === "start") await first.flow.start("work", { way: "deadline" }, options);
        else first.flow.execute("work", { way: "deadline" }, options);
        await hosts.pass(STEP_MS);
        await Promise.all([first.engine.shutdown({ drain: false }), hosts.pass(POLL_MS)]);
        second.work();
        const ended = second.engine.handle("job").result().catch(() => hosts.note("deadline"));
        await hosts.pass(2 * MINUTE);
        await ended;
        hosts.check("deadline", MINUTE);
      });
    }
  }

  test(`C518 a clock that is set changes nothing for a job that waits, with a store${how}`, async () => {
    for (const by of [10 * MINUTE, -10 * MINUTE]) {
      const hosts = new Hosts(wrap);
      const host = hosts.add(0);
      host.work();
      await host.flow.start("work", { way: "delay" }, { jobId: "job" });
      await hosts.pass(MINUTE / 2);
      await host.timers.setClock(host.timers.now() + by);
      await hosts.pass(MINUTE);
      hosts.check("delay", MINUTE);
      // An instant is by the clock as it is now.
      await host.flow.start("work", { way: "at" }, { jobId: "other", at: host.timers.now() + MINUTE });
      await hosts.pass(2 * MINUTE);
      assertEquals(hosts.done.length, 2);
      assert(Math.abs((hosts.done[1]?.[1] ?? 0) - 2.5 * MINUTE) <= POLL_MS + STEP_MS, `after ${hosts.done[1]?.[1]} ms`);
    }
  });
}

test("C518 by a store without a clock of its own, jobs go by the clock of their process", async () => {
  const timers = manualTimers(STARTED_AT);
  const seen: number[] = [];
  class Look extends Routine {
    readonly trigger = this.addSlot("trigger", this.look);
    look(_: unknown, ctx: Context): void {
      seen.push(ctx.now());
    }
  }
  const registry = new Registry({ Look });
  const engine = new Engine({ registry, store: memoryStore(), timers });
  const flow = new Flow({ id: "look", registry, engine });
  flow.addRoutine(new Look(), "look");
  engine.work();
  await timers.setClock(STARTED_AT + 5 * MINUTE);
  await flow.start("look", {}, { jobId: "job" });
  await timers.advance(POLL_MS);
  await timers.flush();
  await timers.advance(POLL_MS);
  assert(seen.length === 1 && (seen[0] ?? 0) >= STARTED_AT + 5 * MINUTE);
});

test("a wait for an instant ends as soon as the store's clock turns out to have passed it, and not before, if a timer is early", async () => {
  const host = manualTimers(STARTED_AT);
  const clock = new StoreClock({ ...host, after: (ms, callback) => host.after(ms / 2, callback) });
  const ended: string[] = [];
  clock.setTimer(STARTED_AT + 10_000, () => ended.push("first"));
  clock.setTimer(STARTED_AT + 60_000, () => ended.push("second"));
  await host.advance(5_000);
  assertEquals(ended, []);
  clock.told(STARTED_AT + 20_000, clock.hostTime());
  await host.advance(1);
  assertEquals(ended, ["first"]);
  await host.advance(40_000);
  assertEquals(ended, ["first", "second"]);
});
