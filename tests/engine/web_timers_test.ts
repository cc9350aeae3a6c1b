import { test } from "node:test";
import { assertEquals, assertRejects } from "@std/assert";
import { webTimers } from "../../src/host/web_timers.ts";
import { manualTimers } from "../../src/testing/mod.ts";

const LONGEST = 2 ** 31 - 1;
const LOOK = 30_000;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** What the host was asked for, while its clocks and `setTimeout` are replaced. */
class FakeHost {
  elapsed = 0;
  /** By how much the wall clock is ahead. */
  ahead = 0;
  readonly delays: number[] = [];
  #next = 1;
  readonly #due: Map<number, { at: number; callback: () => void }> = new Map();

  setTimeout(callback: () => void, delay: number): number {
    this.delays.push(delay);
    this.#due.set(this.#next, { at: this.elapsed + (delay > LONGEST ? 1 : delay), callback });
    return this.#next++;
  }

  clearTimeout(id: number): void {
    this.#due.delete(id);
  }

  get size(): number {
    return this.#due.size;
  }

  get now(): number {
    return this.elapsed + this.ahead;
  }

  /** Moves to the next timer; `early` is by how much the host's clocks lag behind its timers. */
  fire(early: number = 0): void {
    const [id, timer] = [...this.#due].sort(([, a], [, b]) => a.at - b.at)[0] ?? [];
    if (id === undefined || timer === undefined) return;
    this.#due.delete(id);
    this.elapsed = timer.at - early;
    timer.callback();
  }
}

function withFakeHost(run: (host: FakeHost) => void): void {
  const host = new FakeHost();
  const { setTimeout, clearTimeout } = globalThis;
  const { now } = Date;
  const elapsed = performance.now;
  Reflect.set(globalThis, "setTimeout", host.setTimeout.bind(host));
  Reflect.set(globalThis, "clearTimeout", host.clearTimeout.bind(host));
  Date.now = () => host.now;
  performance.now = () => host.elapsed;
  try {
    run(host);
  } finally {
    Object.assign(globalThis, { setTimeout, clearTimeout });
    Date.now = now;
    performance.now = elapsed;
  }
}

test("a timer for a duration beyond 2^31 ms fires when it should: the host is asked for no longer delay than it takes", () => {
  for (
    const [ms, delays] of [
      [60 * DAY, [LONGEST, LONGEST, 60 * DAY - 2 * LONGEST]],
      [LONGEST, [LONGEST]],
      [LONGEST + 1, [LONGEST, 1]],
      [0.5, [1]],
      [0, [0]],
    ] as const
  ) {
    withFakeHost((host) => {
      const fired: number[] = [];
      webTimers().after(ms, () => fired.push(host.elapsed));
      while (host.size > 0) host.fire();
      assertEquals([fired, host.delays], [[Math.ceil(ms)], [...delays]]);
    });
  }
});

test("a timer for an instant looks at the wall clock every 30 s, and fires at its instant; at once if that is past", () => {
  for (
    const [at, delays] of [
      [2 * LOOK + 1, [LOOK, LOOK, 1]],
      [LOOK, [LOOK]],
      [0, [0]],
      [-5, [0]],
    ] as const
  ) {
    withFakeHost((host) => {
      const fired: number[] = [];
      webTimers().setTimer(at, () => fired.push(host.now));
      while (host.size > 0) host.fire();
      assertEquals([fired, host.delays], [[Math.max(at, 0)], [...delays]]);
    });
  }
});

test("a timer that the host fires early waits for what is left", () => {
  for (const name of ["setTimer", "after"] as const) {
    withFakeHost((host) => {
      const fired: number[] = [];
      webTimers()[name](1_000, () => fired.push(host.elapsed));
      host.fire(1);
      assertEquals([fired, host.delays], [[], [1_000, 1]]);
      host.fire();
      assertEquals(fired, [1_000]);
    });
  }
});

test("the wall clock is set back: a timer fires when as much time has passed as was left, for an instant or a duration", () => {
  for (const name of ["setTimer", "after"] as const) {
    withFakeHost((host) => {
      const fired: number[] = [];
      webTimers()[name](50_000, () => fired.push(host.elapsed));
      host.ahead = -HOUR;
      while (host.size > 0) host.fire();
      assertEquals(fired, [50_000]);
    });
  }
});

test("the wall clock is set forward, or the machine has slept: an instant that has passed is noticed within 30 s", () => {
  withFakeHost((host) => {
    const fired: [string, number][] = [];
    const timers = webTimers();
    timers.setTimer(HOUR, () => fired.push(["instant", host.elapsed]));
    timers.after(HOUR, () => fired.push(["duration", host.elapsed]));
    host.ahead = HOUR;
    while (host.size > 0) host.fire();
    assertEquals(fired, [["instant", LOOK], ["duration", HOUR]]);
    assertEquals([timers.now(), timers.elapsed()], [2 * HOUR, HOUR]);
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

test("soon() posts a task where there is no setImmediate, as in browsers; where nothing posts tasks, it sets a timer", async () => {
  const { setImmediate, setTimeout, scheduler } = globalThis as Record<string, unknown>;
  const asked: string[] = [];
  const postTask = (callback: () => void) => void (asked.push("task"), queueMicrotask(callback));
  try {
    Reflect.set(globalThis, "setImmediate", undefined);
    Reflect.set(
      globalThis,
      "setTimeout",
      (callback: () => void) => void (asked.push("timer"), queueMicrotask(callback)),
    );
    for (const present of [{ postTask }, {}, undefined]) {
      Reflect.set(globalThis, "scheduler", present);
      await new Promise<void>((resolve) => webTimers().soon(resolve));
    }
  } finally {
    for (const [name, value] of Object.entries({ setImmediate, setTimeout, scheduler })) {
      Reflect.set(globalThis, name, value);
    }
  }
  assertEquals(asked, ["task", "timer", "timer"]);
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

test("manual timers: setting the clock moves no duration, fires instants that are due, and delays none", async () => {
  const timers = manualTimers(DAY);
  const seen: string[] = [];
  const note = (text: string) => () => void seen.push(`${text} at ${timers.elapsed()}`);
  timers.setTimer(DAY + HOUR, note("instant"));
  timers.setTimer(DAY + 3 * HOUR, note("later instant"));
  timers.after(HOUR, note("duration"));
  await timers.setClock(DAY - 10 * HOUR);
  assertEquals([timers.now(), timers.elapsed(), timers.nextAt], [DAY - 10 * HOUR, 0, DAY - 9 * HOUR]);
  await timers.setClock(DAY);
  assertEquals([timers.nextAt, seen], [DAY + HOUR, []]);
  await timers.setClock(DAY + HOUR);
  assertEquals(seen, ["instant at 0"]);
  await timers.setClock(DAY - 10 * HOUR);
  await timers.advance(HOUR);
  assertEquals(seen.splice(0), ["instant at 0", `duration at ${HOUR}`]);
  await timers.advance(DAY);
  assertEquals([seen, timers.now(), timers.elapsed()], [
    [`later instant at ${3 * HOUR}`],
    2 * DAY - 9 * HOUR,
    DAY + HOUR,
  ]);
});

test("manual timers: a clock that is set while time passes does not change how much passes", async () => {
  const timers = manualTimers(DAY);
  timers.after(10, () => void timers.setClock(HOUR));
  await timers.advance(100);
  assertEquals([timers.now(), timers.elapsed()], [HOUR + 90, 100]);
});

test("manual timers refuse an instant that no clock shows", async () => {
  await assertRejects(
    () => manualTimers().setClock(-1),
    RangeError,
    "Cannot set clock: at must be a number, between 0 and",
  );
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
