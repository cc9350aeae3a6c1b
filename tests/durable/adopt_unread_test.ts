import { test } from "node:test";
import { assertEquals, assertRejects } from "@std/assert";
import { type AdoptOptions, type Context, Engine, Flow, PreflightError, Registry, Routine } from "../../mod.ts";
import type { Store } from "../../src/ports/mod.ts";
import { memoryStore } from "../../src/stores/memory_store.ts";
import { manualIds, manualTimers } from "../../src/testing/mod.ts";
import { CrashingStore } from "../support/crashing_store.ts";
import { within } from "../support/flow_versions.ts";
import { lateStore } from "../support/late_store.ts";

// What was sent to a job and not carried out when it was moved to another version goes to the slots by the names that they have then.

type Names = Readonly<Record<string, string>>;

let hosts = 0;

/**
 * A process in which the desk, and its slots and events, are called as `names` says. The desk asks after a second, is reminded after a minute
 * unless it was answered, and is told of its own failures.
 */
function createHost(store: Store, timers = manualTimers(), names: Names = {}, version = 1, schema?: object) {
  const name = (former: string): string => names[former] ?? former;
  const options = schema === undefined ? {} : { schema: schema as never };
  class Desk extends Routine {
    readonly trigger = this.addSlot("trigger", this.begin);
    readonly ask = this.addSlot(name("ask"), this.expect);
    readonly answer = this.addSlot(name("answer"), this.hear, options);
    readonly note = this.addSlot(name("note"), this.write);
    readonly reminder = this.addSlot(name("reminder"), this.remind);
    readonly failed = this.addSlot(name("failed"), this.recover);
    readonly asks = this.addEvent<object>(name("asks"));
    readonly reminds = this.addEvent<object>(name("reminds"));
    begin(_: object, ctx: Context): void {
      ctx.emit(this.asks, {}, { delayMs: 1_000 });
      ctx.emit(this.reminds, {}, { delayMs: 60_000, key: "reminder" });
    }
    expect(_: object, ctx: Context): void {
      ctx.expect(this.answer);
    }
    hear({ n }: { n: number }, ctx: Context): void {
      ctx.cancelEmit(this.reminds, "reminder");
      if (n < 0) throw new RangeError("below 0");
      ctx.output("heard", n);
    }
    write({ n }: { n: number }, ctx: Context): void {
      ctx.output("noted", n);
    }
    remind(_: object, ctx: Context): void {
      ctx.output("reminded", 0);
    }
    recover(_: object, ctx: Context): void {
      ctx.output("recovered", 0);
    }
  }
  const registry = new Registry({ Desk });
  const engine = new Engine({ store, timers, registry, ids: manualIds(`host-${++hosts}`) });
  const flow = new Flow({ id: "desks", registry, engine, version });
  const desk = flow.addRoutine(new Desk(), name("desk"));
  flow.connect(desk.asks, desk.ask);
  flow.connect(desk.reminds, desk.reminder);
  flow.connectFailure(desk.answer, desk.failed);
  return { engine, flow, timers, store, work: () => engine.work({ idleMs: 0 }) };
}

type Host = ReturnType<typeof createHost>;

const NAMES = {
  ...{ desk: "counter", ask: "question", answer: "reply", note: "remark", reminder: "nudge", failed: "onFailure" },
  ...{ asks: "questions", reminds: "nudges" },
};
const { desk: _desk, asks: _asks, reminds: _reminds, ...SLOTS } = NAMES;
const MOVES: AdoptOptions = {
  rename: { desk: "counter" },
  renameSlots: { desk: SLOTS },
  renameEvents: { desk: { asks: NAMES.asks, reminds: NAMES.reminds } },
};

/** Starts a job, lets it work for a while, and lets go of it. */
async function startFor(store: Store, ms: number): Promise<Host> {
  const host = createHost(store);
  await host.flow.start("desk", {}, { jobId: "job" });
  const worker = host.work();
  for (let passed = 0; passed < ms; passed += 500) await host.timers.advance(500);
  await within(host.timers, worker.stop());
  return host;
}

async function endOf({ engine, timers, work }: Host): Promise<string> {
  const worker = work();
  const { status, outputLog } = await within(timers, engine.handle("job").ended());
  await within(timers, worker.stop());
  return [status, ...outputLog.map(({ type, data }) => `${type} ${data}`)].join(", ");
}

const to = (slot: string, routine = "desk") => ({ routine, slot });

for (const [name, open] of Object.entries({ "at once": memoryStore, later: lateStore })) {
  test(`C526 an unread answer goes to the slot by its new name, in a store that answers ${name}`, async () => {
    const { store, timers, flow } = await startFor(open(), 2_000);
    await flow.handle("job").deliver(to("answer"), { n: 3 }, { key: "answer" });
    await flow.handle("job").deliver(to("note"), { n: 4 }, { key: "note" });
    const next = createHost(store, timers, NAMES, 2);
    assertEquals(await within(timers, next.flow.handle("job").adopt({ ...MOVES, dryRun: true })), []);
    await within(timers, next.flow.handle("job").adopt(MOVES));
    // Who sends by the names of before is told so, and by those of now it is as ever.
    await assertRejects(() => next.engine.handle("job").deliver(to("note"), { n: 5 }), TypeError, "desk");
    await next.flow.handle("job").deliver(to("remark", "counter"), { n: 6 });
    assertEquals(await endOf(next), "completed, heard 3, noted 4, noted 6");
    const outcomes = await Promise.all(["answer", "note"].map((key) => next.engine.handle("job").command(key)));
    assertEquals(outcomes.map((it) => it?.status), ["done", "done"]);
  });

  test(`C526 an answer that came early counts when it is asked for by another name, in a store that answers ${name}`, async () => {
    for (const isCarriedOut of [false, true]) {
      const { store, timers, flow, work } = await startFor(open(), 500);
      await flow.handle("job").deliver(to("answer"), { n: 5 });
      if (isCarriedOut) {
        const worker = work();
        await timers.advance(100);
        await within(timers, worker.stop());
      }
      const next = createHost(store, timers, NAMES, 2);
      await within(timers, next.flow.handle("job").adopt(MOVES));
      assertEquals(await endOf(next), "completed, heard 5", `carried out: ${isCarriedOut}`);
    }
  });

  test(`C526 keys of delays and failure connections keep their meaning, in a store that answers ${name}`, async () => {
    const { store, timers, flow } = await startFor(open(), 2_000);
    await flow.handle("job").deliver(to("answer"), { n: -1 });
    const next = createHost(store, timers, NAMES, 2);
    await within(timers, next.flow.handle("job").adopt(MOVES));
    // The reminder is taken back by what fails only when that has committed: it comes once, and the failure is told.
    assertEquals(await endOf(next), "completed, recovered 0, reminded 0");
  });
}

test("C526 names that have changed twice lead from the first to the last", async () => {
  const { store, timers, flow } = await startFor(memoryStore(), 2_000);
  await flow.handle("job").deliver(to("note"), { n: 1 });
  const second = createHost(store, timers, { note: "remark" }, 2);
  await second.flow.handle("job").adopt({ renameSlots: { desk: { note: "remark" } } });
  await second.flow.handle("job").deliver(to("remark"), { n: 2 });
  const third = createHost(store, timers, { note: "comment", desk: "counter" }, 3);
  await third.flow.handle("job").adopt({
    rename: { desk: "counter" },
    renameSlots: { desk: { remark: "comment" } },
  });
  assertEquals((await third.flow.handle("job").read()).toJSON().formerNames?.length, 2);
  await third.flow.handle("job").deliver(to("answer", "counter"), { n: 3 });
  assertEquals(await endOf(third), "completed, heard 3, noted 1, noted 2");
});

test("C526 what nobody can have sent by former names is not kept", async () => {
  const { store, timers } = await startFor(memoryStore(), 2_000);
  for (const [version, from, name] of [[2, "note", "remark"], [3, "remark", "comment"]] as const) {
    const next = createHost(store, timers, { note: name }, version);
    await next.flow.handle("job").adopt({ renameSlots: { desk: { [from]: name } } });
    const { formerNames } = (await next.flow.handle("job").read()).toJSON();
    assertEquals(formerNames, [{ slots: { desk: { [from]: name } } }]);
  }
});

test("C526 a delivery that comes while the job is moved is carried out by its new name", async () => {
  const { store, timers, flow } = await startFor(memoryStore(), 2_000);
  const replaceFlow: Store["replaceFlow"] = async (...args) => {
    await flow.handle("job").deliver(to("answer"), { n: 7 }, { key: "late" });
    await store.replaceFlow?.(...args);
  };
  const next = createHost({ ...store, replaceFlow }, timers, NAMES, 2);
  await next.flow.handle("job").adopt(MOVES);
  assertEquals(await endOf(next), "completed, heard 7");
  assertEquals((await next.engine.handle("job").command("late"))?.status, "done");
});

test("C526 what would go elsewhere, nowhere, or is refused by the schema there, is in the way", async () => {
  const { store, timers, flow } = await startFor(memoryStore(), 2_000);
  await flow.handle("job").deliver(to("note"), { n: 1 });
  const before = await store.load("job");
  const refused = async (names: Names, options: AdoptOptions, schema?: object) => {
    const next = createHost(store, timers, names, 2, schema);
    const error = await assertRejects(() => next.flow.handle("job").adopt(options), PreflightError);
    assertEquals(await store.load("job"), before);
    return error.findings.filter(({ path }) => path.startsWith("inbox")).map(({ code, path, message }) => [
      code,
      path,
      message.slice(0, message.indexOf("; ")),
    ]);
  };
  const command = 'command 1 delivers to slot "note" of routine "desk", ';
  assertEquals(
    await refused({ note: "answer", answer: "note" }, { renameSlots: { desk: { note: "answer", answer: "note" } } }),
    [["unread_command", "inbox[1]", `${command}which another slot is called in this version`]],
  );
  assertEquals(await refused({ desk: "counter", note: "remark" }, { rename: { desk: "counter" } }), [
    ["unread_command", "inbox[1]", `${command}which the flow does not have`],
  ]);
  assertEquals(await refused({}, { drop: ["desk"] }), [
    ["unread_command", "inbox[1]", `${command}which another slot is called in this version`],
  ]);
  const validate = () => ({ issues: [{ message: "no" }] });
  const schema = { "~standard": { version: 1, vendor: "test", validate } };
  const names = { answer: "none", note: "answer" };
  const [finding] = await refused(
    { ...names, answer: "remark" },
    { renameSlots: { desk: { note: "remark", answer: "answer" } } },
    schema,
  );
  assertEquals(finding?.slice(0, 2), ["refused_data", "inbox[1].data"]);
});

test("C526 whoever dies while it moves a job, the unread answer is heard once", async () => {
  for (let write = 1, isDead = true; isDead; write++) {
    for (const isWritten of [false, true]) {
      const { store, timers, flow } = await startFor(memoryStore(), 2_000);
      await flow.handle("job").deliver(to("answer"), { n: 9 }, { key: "answer" });
      const crashing = new CrashingStore(store, { write, isWritten }, true);
      createHost(crashing, timers, NAMES, 2).flow.handle("job").adopt(MOVES).catch(() => {});
      await timers.flush();
      isDead = crashing.isDead;
      crashing.isDead = true;
      await timers.advance(31_000);
      const next = createHost(store, timers, NAMES, 2);
      await within(timers, next.flow.handle("job").adopt(MOVES));
      assertEquals(await endOf(next), "completed, heard 9", `write ${write}, ${isWritten}`);
    }
  }
});
