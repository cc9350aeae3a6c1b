import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { webTimers } from "../../src/host/web_timers.ts";
import { manualTimers } from "../../src/testing/mod.ts";

const LONGEST = 2 ** 31 - 1;
const DAY = 24 * 3_600_000;

/** What the host was asked for, while its clock and `setTimeout` are replaced. */
class FakeHost {
  now = 0;
  readonly delays: number[] = [];
  #next = 1;
  readonly #due: Map<number, { at: number; callback: () => void }> = new Map();

  setTimeout(callback: () => void, delay: number): number {
    this.delays.push(delay);
    this.#due.set(this.#next, { at: this.now + (delay > LONGEST ? 1 : delay), callback });
    return this.#next++;
  }

  clearTimeout(id: number): void {
    this.#due.delete(id);
  }

  get size(): number {
    return this.#due.size;
  }

  /** Moves to the next timer; `early` is by how much the host's clock lags behind its timers. */
  fire(early: number = 0): void {
    const [id, timer] = [...this.#due].sort(([, a], [, b]) => a.at - b.at)[0] ?? [];
    if (id === undefined || timer === undefined) return;
    this.#due.delete(id);
    this.now = timer.at - early;
    timer.callback();
  }
}

function withFakeHost(run: (host: FakeHost) => void): void {
  const host = new FakeHost();
  const { setTimeout, clearTimeout } = globalThis;
  const { now } = Date;
  Reflect.set(globalThis, "setTimeout", host.setTimeout.bind(host));
  Reflect.set(globalThis, "clearTimeout", host.clearTimeout.bind(host));
  Date.now = () => host.now;
  try {
    run(host);
  } finally {
    Object.assign(globalThis, { setTimeout, clearTimeout });
    Date.now = now;
  }
}

test("a timer beyond 2^31 ms fires when it should: the host is asked for no longer delay than it takes", () => {
  withFakeHost((host) => {
    const fired: number[] = [];
    webTimers().setTimer(60 * DAY, () => fired.push(host.now));
    while (host.size > 0) host.fire();
    assertEquals(fired, [60 * DAY]);
    assertEquals(host.delays, [LONGEST, LONGEST, 60 * DAY - 2 * LONGEST]);
  });
});

test("a timer of exactly the longest delay, one more, and one in the past", () => {
  for (const [at, delays] of [[LONGEST, [LONGEST]], [LONGEST + 1, [LONGEST, 1]], [-5, [0]], [0, [0]]] as const) {
    withFakeHost((host) => {
      const fired: number[] = [];
      webTimers().setTimer(at, () => fired.push(host.now));
      while (host.size > 0) host.fire();
      assertEquals([fired, host.delays], [[Math.max(at, 0)], [...delays]]);
    });
  }
});

test("a timer that the host fires early, or whose clock was set back, waits for its instant", () => {
  withFakeHost((host) => {
    const fired: number[] = [];
    webTimers().setTimer(1_000, () => fired.push(host.now));
    host.fire(1);
    assertEquals([fired, host.delays], [[], [1_000, 1]]);
    host.now = 400;
    host.fire(300);
    assertEquals(fired, []);
    while (host.size > 0) host.fire();
    assertEquals([fired.length, (fired[0] ?? 0) >= 1_000], [1, true]);
  });
});

test("a stopped timer never fires, in its first delay or in a later one", () => {
  for (const firings of [0, 1]) {
    withFakeHost((host) => {
      const stop = webTimers().setTimer(30 * DAY, () => assertEquals("fired", "stopped"));
      for (let i = 0; i < firings; i++) host.fire();
      stop();
      stop();
      assertEquals(host.size, 0);
    });
  }
});

test("soon() calls back in order, in a macrotask of its own: all promises come first", async () => {
  const timers = webTimers();
  const seen: string[] = [];
  timers.soon(() => {
    seen.push("soon 1");
    timers.soon(() => seen.push("soon 3"));
  });
  timers.soon(() => seen.push("soon 2"));
  void Promise.resolve().then(() => seen.push("promise")).then(() => seen.push("promise of a promise"));
  seen.push("now");
  await new Promise<void>((resolve) => timers.soon(() => timers.soon(() => timers.soon(resolve))));
  assertEquals(seen, ["now", "promise", "promise of a promise", "soon 1", "soon 2", "soon 3"]);
});

test("manual timers fire at their own instants, in order, and what follows from one is done before the next", async () => {
  const timers = manualTimers(1_000);
  const seen: string[] = [];
  const note = (text: string) => () => void seen.push(`${timers.now()} ${text}`);
  timers.setTimer(1_020, note("b"));
  timers.setTimer(
    1_010,
    () => void Promise.resolve().then(note("a")).then(() => timers.setTimer(1_015, note("after a"))),
  );
  timers.setTimer(1_020, note("c"));
  const stop = timers.setTimer(1_005, note("stopped"));
  stop();
  assertEquals([timers.size, timers.nextAt], [3, 1_010]);
  await timers.advance(30);
  assertEquals(seen, ["1010 a", "1015 after a", "1020 b", "1020 c"]);
  assertEquals([timers.now(), timers.size, timers.nextAt, await timers.advanceToNext()], [1_030, 0, undefined, false]);
});

test("flush() lets everything happen that needs no time, however long the chain of promises and macrotasks", async () => {
  const timers = manualTimers();
  const seen: number[] = [];
  const chain = async (depth: number): Promise<void> => {
    for (let turn = 0; turn < 50; turn++) await Promise.resolve();
    seen.push(depth);
    if (depth < 3) await new Promise<void>((resolve) => timers.soon(() => void chain(depth + 1).then(resolve)));
  };
  void Promise.resolve().then(() => timers.soon(() => void chain(0)));
  await timers.flush();
  assertEquals(seen, [0, 1, 2, 3]);
});
