import { assert, assertEquals, assertRejects } from "@std/assert";
import { test } from "node:test";
import { Engine, Flow, Registry, Routine, SchemaError, type StandardSchema, UnknownOutcomeError } from "../../mod.ts";
import type { Store } from "../../src/ports/mod.ts";
import { schedule, type ScheduleOptions } from "../../src/schedules/mod.ts";
import { memoryStore } from "../../src/stores/memory_store.ts";
import { manualTimers } from "../../src/testing/mod.ts";
import { CrashingStore } from "../support/crashing_store.ts";
import { lateStore } from "../support/late_store.ts";
import { ReportProcess } from "../support/report_process.ts";

// A schedule is a durable job: whoever is there at one of its instants starts the job of that instant, once.

const HOUR = 3_600_000;
const UNREADABLE = { key: "odd", text: "none", reopens: false, now: 0, keyRetentionMs: 0, room: 10 };
const NEEDS_TEAM: StandardSchema<{ team: string }> = {
  "~standard": {
    version: 1,
    vendor: "test",
    validate: (value) =>
      typeof value === "object" && value !== null && "team" in value && typeof value.team === "string"
        ? { value: { team: value.team } }
        : { issues: [{ message: "team is missing" }] },
  },
};

test("C457 a schedule starts a job at each of its instants, in its time zone", async () => {
  const process = new ReportProcess("2026-01-05T12:00:00Z");
  await process.declare({ cron: "0 3 * * MON-FRI", timeZone: "Europe/Berlin" });
  const worker = process.engine.work();
  await process.timers.advance(14 * HOUR - 1);
  assertEquals(process.written, []);
  await process.timers.advance(5_000);
  assertEquals(process.written, ["sales nightly@2026-01-06T02:00:00.000Z"]);
  await process.timers.advance(2 * 24 * HOUR);
  assertEquals((await process.instants()).map((it) => it.slice(8, 13)), [
    "06T02",
    "07T02",
    "08T02",
  ]);
  await worker.stop();
});

test("C457 several processes declare a schedule, and each instant has one job, also when a process dies at any write", async () => {
  let write = 0;
  for (let isOver = false; !isOver;) {
    write++;
    const store = memoryStore();
    const crashing = new CrashingStore(store, { write, isWritten: write % 2 === 0 }, true);
    const second = new ReportProcess("2026-01-05T00:00:55Z", store);
    await second.declare({ cron: "* * * * *", missed: "all" });
    const first = new ReportProcess(second.timers, crashing);
    void first.declare({ cron: "* * * * *", missed: "all" });
    await first.timers.flush();
    first.engine.work();
    await first.timers.advance(20_000);
    isOver = !crashing.isDead;
    second.engine.work();
    await second.timers.advance(120_000);
    const minutes = (await second.instants()).map((it) => it.slice(14, 16));
    assertEquals(minutes, ["01", "02", "03"], `write ${write}`);
  }
  assert(write > 8, `${write} writes`);
});

for (
  const [missed, hours] of [["all", ["01", "02", "03", "04", "05"]], ["once", ["04", "05"]], ["skip", ["05"]]] as const
) {
  test("C458 of instants that nobody was there for, those have their job that are to have one: " + missed, async () => {
    const process = new ReportProcess("2026-01-05T00:30:00Z");
    await process.declare({ cron: "0 * * * *", missed });
    await process.timers.advance(4 * HOUR);
    const worker = process.engine.work();
    await process.timers.advance(HOUR);
    assertEquals((await process.instants()).map((it) => it.slice(11, 13)), [...hours]);
    await worker.stop();
  });
}

test("C458 an instant that somebody comes to a little late is not missed", async () => {
  const process = new ReportProcess("2026-01-05T00:59:59Z");
  await process.declare({ cron: "0 * * * *", missed: "skip" });
  await process.timers.advance(30_000);
  const worker = process.engine.work();
  await process.timers.advance(10_000);
  assertEquals((await process.instants()).map((it) => it.slice(11, 16)), ["01:00"]);
  await worker.stop();
});

const DAYLIGHT = [
  ["a job in the hour that is missing begins at its end", "30 2 * * *", "2026-03-28T12:00:00Z", [
    "29T01:00",
    "30T00:30",
  ]],
  ["a job in the hour that comes twice begins once", "30 2 * * *", "2026-10-24T12:00:00Z", ["25T00:30", "26T01:30"]],
  [
    "a job at several times of the day begins at the end of the hour that is missing",
    "30 2,14 * * *",
    "2026-03-28T14:00:00Z",
    [
      ...["29T01:00", "29T12:30", "30T00:30"],
    ],
  ],
  [
    "a job at several times of the day begins once at each of them, when an hour comes twice",
    "0,45 1-2 * * *",
    "2026-10-24T12:00:00Z",
    [
      ...["24T23:00", "24T23:45", "25T00:00", "25T00:45", "26T00:00", "26T00:45", "26T01:00", "26T01:45"],
    ],
  ],
  [
    "a job of every half hour begins as often as that, when an hour comes twice",
    "*/30 1-3 * * *",
    "2026-10-24T22:45:00Z",
    [
      ...["24T23:00", "24T23:30", "25T00:00", "25T00:30", "25T01:00", "25T01:30", "25T02:00", "25T02:30"],
      ...["26T00:00", "26T00:30", "26T01:00", "26T01:30", "26T02:00", "26T02:30"],
    ],
  ],
] as const;
for (const [what, cron, at, instants] of DAYLIGHT) {
  test("C459 when clocks are set, " + what, async () => {
    const process = new ReportProcess(at);
    await process.declare({ cron, timeZone: "Europe/Berlin" });
    const worker = process.engine.work({ pollMs: HOUR / 4 });
    await process.timers.advance(40 * HOUR);
    assertEquals((await process.instants()).map((it) => it.slice(8, 16)), [...instants]);
    await worker.stop();
  });
}

test("C460 the last declaration counts; a schedule that was cancelled begins anew when it is declared", async () => {
  const process = new ReportProcess("2026-01-05T00:30:00Z");
  await process.declare({ cron: "0 * * * *" });
  const worker = process.engine.work();
  await process.timers.advance(HOUR);
  await process.declare({ cron: "0 * * * *" }, "support");
  await process.timers.advance(HOUR);
  const own = await process.declare({ cron: "15 * * * *" }, "support");
  await process.timers.advance(HOUR);
  await own.cancel();
  await process.timers.advance(3 * HOUR);
  await process.declare({ cron: "45 * * * *" }, "again");
  await process.timers.advance(HOUR);
  assertEquals(process.written.map((it) => it.replace(/nightly@.{11}(.{5}).*/, "$1")), [
    ...["sales 01:00", "support 02:00", "support 03:15", "again 06:45"],
  ]);
  await worker.stop();
});

test("C460 cron texts, time zones and words that are none are refused, with the reason", async () => {
  const process = new ReportProcess("2026-01-05T00:30:00Z");
  const why = async (options: ScheduleOptions) =>
    (await assertRejects(() => process.declare(options), TypeError)).message;
  const action = 'Cannot schedule "nightly"';
  assertEquals(
    await why({ cron: "61 * * * *" }),
    `${action}: cron is "61 * * * *", which is no pattern: CronPattern: Invalid value for minute: 61; patterns are such as "0 3 * * *"`,
  );
  assertEquals(await why({ cron: "0 0 30 2 *" }), `${action}: cron is "0 0 30 2 *", which never comes`);
  assertEquals(
    await why({ cron: "0 0 * * *", timeZone: "Mars/Olympus" }),
    `${action}: there is no time zone "Mars/Olympus"; names are such as "Europe/Berlin"`,
  );
  assertEquals((await why({ cron: "0 0 * * *", missed: "twice" as never })).includes("missed"), true);
  assertEquals((await why({ cron: "0 0 * * *", timezone: "UTC" } as never)).includes('"timezone"'), true);
  assertEquals(await process.engine.count(), 0);
});

test("C562 a name with which the ids of the jobs would be too long is refused", async () => {
  const process = new ReportProcess("2026-01-05T00:30:00Z");
  const declare = (name: string) => schedule(process.engine, name, { cron: "0 * * * *" }, process.flow, "report", {});
  const { message } = await assertRejects(() => declare("n".repeat(1_000)), RangeError);
  const why = "the id of the jobs, the name and an instant, must have at most 1024 bytes of UTF-8, it has 1025";
  assertEquals(message, `Cannot schedule jobs: ${why}`);
  process.engine.work();
  await declare("n".repeat(999));
  await process.timers.advance(HOUR);
  assertEquals(process.written.length, 1);
});

/** A process whose store keeps calls that start reports waiting, until the test lets them go on. */
function slowlyStarting(at: string): { process: ReportProcess; store: Store; goOn: () => void } {
  const { promise, resolve: goOn } = Promise.withResolvers<void>();
  const store = memoryStore();
  const create: Store["create"] = async (jobs, ...rest) => {
    if (jobs[0]?.flowId === "reports") await promise;
    return await store.create(jobs, ...rest);
  };
  return { process: new ReportProcess(at, { ...store, create }), store, goOn };
}

test("C562 a schedule with more instants to make up for than a job has children starts the next ones when those before are stored", async () => {
  const { process, goOn } = slowlyStarting("2026-01-05T00:00:00Z");
  const own = await process.declare({ cron: "* * * * * *", missed: "all" });
  await process.timers.advance(3 * HOUR);
  process.engine.work({ flows: ["routilux/schedule"] });
  await process.timers.advance(1_000);
  const { status, children } = await own.read();
  assertEquals([status, children.length], ["running", 1_000]);
  goOn();
  await process.timers.advance(0);
  assertEquals(await process.engine.count({ flowId: "reports" }), 3 * 3_600 + 1);
});

test("C562 a schedule that is declared, by a clock that is behind, with an instant whose job is just being started goes on", async () => {
  const { process, store, goOn } = slowlyStarting("2026-01-05T00:59:50Z");
  const own = await process.declare({ cron: "0 * * * *" });
  process.engine.work();
  await process.timers.advance(11_000);
  const behind = new ReportProcess("2026-01-05T00:59:56Z", store);
  await behind.declare({ cron: "0,30 * * * *" });
  await process.timers.advance(1_000);
  goOn();
  await process.timers.advance(HOUR);
  assertEquals([(await own.read()).status, await hours(process)], ["running", ["01:00", "01:30", "02:00"]]);
});

test("C457 a schedule whose instants are over completes, and begins anew when it is declared with others", async () => {
  const process = new ReportProcess("2026-01-05T00:30:00Z");
  const own = await process.declare({ cron: "0 0 1,2 5 1 * 2026" });
  const worker = process.engine.work();
  await process.timers.advance(3 * HOUR);
  assertEquals([process.written.length, (await own.read()).status], [2, "completed"]);
  const again = await process.declare({ cron: "0 0 4 5 1 * 2026" });
  await process.timers.advance(HOUR);
  assertEquals([process.written.length, (await again.read()).status], [3, "completed"]);
  await worker.stop();
});

test("C460 params that the entry's schema refuses, and an engine without a registry, are refused when a schedule is declared", async () => {
  class Strict extends Routine {
    readonly trigger = this.addSlot("trigger", this.write, { schema: NEEDS_TEAM });
    write(): void {}
  }
  const store = memoryStore();
  const registry = new Registry({ Strict, NEEDS_TEAM });
  const engine = new Engine({ timers: manualTimers(), registry, store });
  const flow = new Flow({ id: "strict", engine, registry });
  const strict = flow.addRoutine(new Strict(), "report");
  const declare = (at: Engine) => schedule(at, "nightly", { cron: "0 * * * *" }, flow, strict.trigger, {} as never);
  assertEquals(
    (await assertRejects(() => declare(engine), SchemaError)).message,
    'Cannot schedule "nightly": params for slot "trigger" does not fit its schema: team is missing',
  );
  const bare = new Engine({ timers: manualTimers(), store });
  const other = () => schedule(bare, "nightly", { cron: "0 * * * *" }, flow, strict.trigger, { team: "sales" });
  assertEquals(
    (await assertRejects(other, TypeError)).message,
    'Cannot schedule "nightly": the engine has no registry; give new Engine() one',
  );
  assertEquals(await store.count(), 0);
});

test("C460 who changes a schedule is told when the store does not take the change", async () => {
  const inner = memoryStore();
  let isDown = false;
  const store: Store = {
    ...inner,
    send(job, command) {
      if (isDown) throw new Error("the network is down");
      return inner.send(job, command);
    },
  };
  const process = new ReportProcess("2026-01-05T00:30:00Z", store);
  await process.declare({ cron: "0 * * * *" });
  isDown = true;
  const change = assertRejects(() => process.declare({ cron: "15 * * * *" }), UnknownOutcomeError);
  await process.timers.advance(60_000);
  await change;
  isDown = false;
  const worker = process.engine.work();
  await process.timers.advance(HOUR);
  assertEquals((await process.instants()).map((it) => it.slice(11, 16)), ["01:00"], "the old one counts");
  await worker.stop();
});

const hours = async (process: ReportProcess) => (await process.instants()).map((it) => it.slice(11, 16));

for (const [name, createStore] of [["at once", memoryStore], ["later", lateStore]] as const) {
  test(`C529 a schedule that is cancelled and declared again begins anew, whoever works when, with a store that answers ${name}`, async () => {
    for (const worksFrom of ["the start", "the cancel", "the declaration"]) {
      const process = new ReportProcess("2026-01-05T00:30:00Z", createStore());
      if (worksFrom === "the start") process.engine.work();
      const own = await process.declare({ cron: "0 * * * *" });
      await process.timers.advance(1_000);
      await own.cancel();
      if (worksFrom === "the cancel") process.engine.work();
      const declared = process.declare({ cron: "15 * * * *" }, "support");
      await process.timers.advance(1_000);
      await declared;
      if (worksFrom === "the declaration") process.engine.work();
      await process.timers.advance(HOUR);
      assertEquals(await hours(process), ["01:15"], worksFrom);
    }
  });

  test(`C529 several processes declare a schedule that was cancelled, at whatever moments, with a store that answers ${name}`, async () => {
    for (let turns = 0; turns < 40; turns += 3) {
      const store = createStore();
      const first = new ReportProcess("2026-01-05T00:30:00Z", store);
      first.engine.work();
      await (await first.declare({ cron: "0 * * * *" })).cancel();
      await first.timers.advance(1_000);
      const others = [first, new ReportProcess(first.timers, store), new ReportProcess(first.timers, store)];
      const declared = others.map(async (process, index) => {
        for (let turn = 0; turn < turns * index; turn++) await undefined;
        await process.declare({ cron: "15 * * * *" });
      });
      await first.timers.advance(10_000);
      await Promise.all(declared);
      await first.timers.advance(HOUR);
      assertEquals(await hours(first), ["01:15"], `${turns}`);
    }
  });
}

test("C529 a schedule that is cancelled while its owner is away is declared again when its lease has ended", async () => {
  const store = memoryStore();
  const crashing = new CrashingStore(store, undefined, false);
  const first = new ReportProcess("2026-01-05T00:30:00Z", crashing);
  first.engine.work({ idleMs: HOUR });
  const own = await first.declare({ cron: "45 * * * *" });
  await first.timers.advance(1_000);
  crashing.isDead = true;
  const second = new ReportProcess(first.timers, store);
  await store.send({ jobId: own.jobId }, UNREADABLE);
  await second.engine.handle(own.jobId).cancel();
  const declared = second.declare({ cron: "15 * * * *" });
  await first.timers.advance(60_000);
  await declared;
  second.engine.work();
  await first.timers.advance(HOUR);
  assertEquals(await hours(second), ["01:15"]);
});
