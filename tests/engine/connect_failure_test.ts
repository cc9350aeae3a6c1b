import { test } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import {
  type Context,
  Engine,
  ErrorHandler,
  type Failure,
  Flow,
  type FlowOptions,
  JobState,
  PreflightError,
  Registry,
  Routine,
  type Slot,
} from "../../mod.ts";
import { jobOf } from "../../src/documents/job_state.ts";
import { memoryStore } from "../../src/stores/memory_store.ts";
import { manualIds, manualTimers, pauseAnywhere } from "../../src/testing/mod.ts";
import { type Crash, CrashingStore } from "../support/crashing_store.ts";
import { addFunction } from "../support/function_routine.ts";
import { amountOf } from "../support/gate_amount.ts";
import { createTestFlow, type TestFlow } from "../support/test_flow.ts";

interface Order {
  readonly item: string;
  readonly at?: Date;
}

class CardError extends RangeError {
  override readonly name = "CardError";
  readonly code = "CARD";
}

class Charge extends Routine {
  readonly trigger: Slot<Order> = this.addSlot("trigger", this.charge);
  readonly other: Slot<Order> = this.addSlot("other", this.charge);
  readonly answer: Slot<Order> = this.addSlot("answer", null);
  readonly failed: Slot<Failure> = this.addSlot("failed", this.recover);
  readonly output = this.addEvent<Order>("output");
  charge({ item }: Order, ctx: Context): void {
    ctx.emit(this.output, { item });
    if (item === "wait") return ctx.expect(this.answer, { timeoutMs: 100 });
    if (item === "type") throw new TypeError("another");
    throw new CardError(`no ${item}`);
  }
  recover(failure: Failure): void {
    throw new Error(`cannot recover from ${failure.error.message}`);
  }
}

class Notes extends Routine {
  readonly input: Slot<Failure> = this.addSlot("input", this.note);
  readonly renamed: Slot<{ readonly why: Failure["error"]; readonly taskId: number }> = this.addSlot(
    "renamed",
    this.rename,
  );
  readonly ordered: Slot<Failure<Order>> = this.addSlot("ordered", null);
  note(failure: Failure, ctx: Context): void {
    ctx.output("note", failure);
  }
  rename({ why, taskId }: { readonly why: Failure["error"]; readonly taskId: number }, ctx: Context): void {
    ctx.output("renamed", [why.message, taskId]);
  }
}

function createShop(handler?: ErrorHandler): TestFlow & { charge: Charge; notes: Notes; registry: Registry } {
  const registry = new Registry({ Charge, Notes });
  const setup = createTestFlow({ registry, ...(handler === undefined ? {} : { errorHandler: handler }) });
  const charge = setup.flow.addRoutine(new Charge(), "charge");
  const notes = setup.flow.addRoutine(new Notes(), "notes");
  return { ...setup, charge, notes, registry };
}

const notesOf = (job: JobState) => job.outputLog.map(({ data }) => data as Failure);

test("C428 a failure is delivered with its place, its data and its error, and the job goes on", async () => {
  const { flow, charge, notes } = createShop();
  flow.connectFailure(charge.trigger, notes.input);
  const job = await flow.run(charge.trigger, { item: "book", at: new Date(0) });
  assertEquals([job.status, job.error, job.routineStates["charge"]?.status], [
    "completed",
    undefined,
    "error_continued",
  ]);
  assertEquals(notesOf(job), [{
    attempts: 1,
    data: { item: "book", at: new Date(0) },
    error: { name: "CardError", message: "no book", code: "CARD" },
    routineId: "charge",
    slotName: "trigger",
    taskId: 1,
  }]);
  assertEquals(job.failures.map(({ handled, task }) => [handled, task.id]), [[true, 1]]);
  assertEquals(job.pendingTasks, []);
});

test("C428 retries come first; skip delivers nothing, continue and stop do", async () => {
  const retry = new ErrorHandler({ strategy: "retry", maxRetries: 2, retryDelayMs: 5, jitter: 0 });
  const { flow, charge, notes, timers } = createShop(retry);
  flow.connectFailure(charge, notes.input);
  const job = flow.execute(charge.trigger, { item: "book" });
  await timers.advance(20);
  assertEquals([job.status, notesOf(job).map(({ attempts }) => attempts)], ["completed", [3]]);
  for (const [strategy, count] of [["skip", 0], ["continue", 1], ["stop", 1]] as const) {
    const shop = createShop(new ErrorHandler({ strategy }));
    shop.flow.connectFailure(shop.charge, shop.notes.input);
    const ended = await shop.flow.run(shop.charge.trigger, { item: "book" });
    assertEquals([ended.status, notesOf(ended).length], ["completed", count], strategy);
  }
});

test("C429 errors are chosen by name, class and code; each connection delivers; keys are renamed", async () => {
  for (
    const [errors, count] of [[["CardError"], 1], [["RangeError"], 1], [["CARD"], 1], [["TypeError"], 0]] as const
  ) {
    const { flow, charge, notes } = createShop();
    flow.connectFailure(charge, notes.input, { errors });
    flow.connectFailure(charge.trigger, notes.renamed, { errors, mapping: { error: "why" } });
    const job = await flow.run(charge.trigger, { item: "book" });
    assertEquals([job.status, job.outputLog.length], count === 1 ? ["completed", 2] : ["failed", 0], `${errors}`);
    if (count === 1) assertEquals(job.outputLog[1]?.data, ["no book", 1]);
  }
});

test("C429 a slot gets its own failures by no connection of its routine", async () => {
  const { flow, charge } = createShop();
  flow.connectFailure(charge, charge.failed);
  const job = await flow.run(charge.trigger, { item: "book" });
  assertEquals([job.status, job.error?.message, job.error?.slotName, job.failures.length], [
    "failed",
    "cannot recover from no book",
    "failed",
    2,
  ]);
});

test("C430 an awaited delivery that does not come in time, and a handler's timeout, are failures like others", async () => {
  const { flow, charge, notes, timers } = createShop();
  flow.connectFailure(charge, notes.input, { errors: ["TIMEOUT"] });
  const job = flow.execute(charge.trigger, { item: "wait" });
  await timers.advance(100);
  const [failure] = notesOf(job);
  assertEquals([job.status, failure?.error.name, failure?.slotName, failure && "data" in failure], [
    "completed",
    "TimeoutError",
    "answer",
    false,
  ]);
});

test("C430 the limit of a job's tasks is delivered nowhere, and fails the job where a delivery would exceed it", async () => {
  const registry = new Registry({ Charge, Notes });
  const { engine } = createTestFlow();
  const flow = new Flow({ id: "shop", registry, engine, limits: { steps: 1 } });
  const charge = flow.addRoutine(new Charge(), "charge");
  const notes = flow.addRoutine(new Notes(), "notes");
  flow.connectFailure(charge, notes.input);
  flow.setErrorHandler(new ErrorHandler({ strategy: "continue" }));
  const job = await flow.run(charge.trigger, { item: "book" });
  assertEquals([job.status, job.error?.name, job.error?.cause?.message], ["failed", "StepLimitError", "no book"]);
});

test("C430 data that does not fit into the limits with its failure is left out, and named", async () => {
  const registry = new Registry({ Charge, Notes });
  const { engine } = createTestFlow();
  const flow = new Flow({ id: "shop", registry, engine, limits: { bytes: 220 } });
  const charge = flow.addRoutine(new Charge(), "charge");
  const notes = flow.addRoutine(new Notes(), "notes");
  flow.connectFailure(charge, notes.renamed, { mapping: { error: "why" } });
  const item = "x".repeat(60);
  const job = await flow.run(charge.trigger, { item });
  assertEquals([job.status, job.outputLog[0]?.data], ["completed", [`no ${item}`, 1]]);
  const [failure] = jobOf(job).failures;
  assertEquals([failure?.isHandled, job.failures[0]?.task.data], [true, { item }]);
});

test("C430 a failure that does not fit into the limits at all is delivered nowhere, and ends its task as it would otherwise", async () => {
  const registry = new Registry({ Charge, Notes });
  const { engine } = createTestFlow();
  const flow = new Flow({ id: "shop", registry, engine, limits: { bytes: 60 } });
  const charge = flow.addRoutine(new Charge(), "charge");
  const notes = flow.addRoutine(new Notes(), "notes");
  flow.connectFailure(charge, notes.input);
  const job = await flow.run(charge.trigger, { item: "book" });
  assertEquals([job.status, job.error?.message, notesOf(job)], ["failed", "no book", []]);
  assertEquals(job.failures.map(({ handled }) => handled), [undefined]);
});

test("C431 a failure connection is in the document, and a pending delivery is checked on resume", async () => {
  const { flow, charge, notes, registry, engine, timers } = createShop();
  const connection = flow.connectFailure(charge.trigger, notes.renamed, {
    errors: ["CARD", 5],
    mapping: { error: "why" },
  });
  flow.connectFailure(charge, notes.input);
  assertEquals(flow.connectFailure(charge, notes.input), flow.failureConnections[1]);
  const loose = flow.check().map(({ path }) => path).filter((path) => path.startsWith("routines.notes"));
  assertEquals(loose, ["routines.notes.slots.ordered"]);
  assertEquals([connection, flow.failureConnections.length], [flow.failureConnections[0], 2]);
  assertEquals(flow.toJSON().failureConnections, [
    {
      errors: ["CARD", 5],
      from: { routine: "charge", slot: "trigger" },
      mapping: { error: "why" },
      to: { routine: "notes", slot: "renamed" },
    },
    { from: { routine: "charge" }, to: { routine: "notes", slot: "input" } },
  ]);
  const job = flow.execute(charge.trigger, { item: "book" });
  void flow.waitUntil(job, () => {
    if (job.failures.length > 0 && job.status === "running") void flow.pause(job);
    return false;
  });
  await timers.flush();
  assertEquals(job.pendingTasks.map(({ connection }) => connection), [
    { routine: "charge", slot: "trigger" },
    { routine: "charge", slot: "trigger" },
  ]);
  const copy = Flow.fromJSON(JSON.parse(JSON.stringify(flow)), registry, { engine });
  assertEquals(JSON.stringify(copy), JSON.stringify(flow));
  const carried = JobState.fromText(job.toText(), registry);
  assertEquals(carried.toText(), job.toText());
  copy.resume(carried);
  await timers.flush();
  assertEquals([carried.status, carried.outputLog.length], ["completed", 2]);

  const { failureConnections: _, ...without } = flow.toJSON();
  const other = Flow.fromJSON(without, registry, { engine });
  assertEquals(
    other.check(JobState.fromText(job.toText(), registry)).map(({ code, path, message }) => [code, path, message]),
    [
      [
        "unknown_connection",
        "pendingTasks[0].connection",
        'flow "flow" does not deliver failures of "charge.trigger" to "notes.renamed"',
      ],
      [
        "unknown_connection",
        "pendingTasks[1].connection",
        'flow "flow" does not deliver failures of "charge.trigger" to "notes.input"',
      ],
    ],
  );
});

test("C431 a document with a broken failure connection is refused, with every finding", () => {
  const { flow, charge, notes, registry } = createShop();
  flow.connectFailure(charge.trigger, notes.input);
  const document = flow.toJSON();
  const broken = (connections: unknown) =>
    assertThrows(() => Flow.fromJSON({ ...document, failureConnections: connections }, registry), PreflightError)
      .findings;
  assertEquals(
    broken([{ from: { routine: "gone" }, to: { routine: "notes", slot: "gone" } }]).map((
      { path, message },
    ) => [path, message]),
    [
      ["failureConnections[0].from.routine", 'there is no routine "gone"'],
      ["failureConnections[0].to.slot", 'routine "notes" has no slot "gone"'],
    ],
  );
  assertThrows(
    () => Flow.fromJSON({ ...document, failureConnections: [{ from: {}, to: {} }] }, registry),
    Error,
    "failureConnections[0].from",
  );
});

test("C432 what cannot be connected is refused where it is declared, by name", async () => {
  const { flow, charge, notes } = createShop();
  const foreign = createShop();
  const refused = (run: () => unknown) => assertThrows(run, TypeError).message;
  assertEquals(
    refused(() => flow.connectFailure(charge, foreign.notes.input)),
    'Cannot connect: slot "input" belongs to a Notes instance, which is not in flow "flow"; add it with addRoutine',
  );
  assertEquals(
    refused(() => flow.connectFailure(foreign.charge, notes.input)),
    'Cannot find routine: a Charge instance is not in flow "flow"; add it with addRoutine',
  );
  assertEquals(
    refused(() => flow.connectFailure(charge.failed, charge.failed)),
    'Cannot connect failure "charge.failed" to "charge.failed": a slot cannot take its own failures; give the routine another slot for them',
  );
  flow.connectFailure(charge, notes.input);
  assertEquals(
    refused(() => flow.connectFailure(charge, notes.input, { errors: ["A"] })),
    'Cannot connect failure "charge" to "notes.input": they are connected already, with other options',
  );
  assertEquals(
    refused(() => flow.connectFailure(charge.other, notes.input, { errors: "A" as never })),
    'Cannot connect failure "charge.other" to "notes.input": errors must be a list of names and codes of errors, got "A"',
  );
  assertEquals(
    refused(() => flow.connectFailure(charge.other, notes.input, { error: ["A"] } as never)),
    'Cannot connect failure: unknown option "error"; did you mean "errors"?',
  );
  await flow.run(charge.other, { item: "book" });
  assertThrows(() => flow.connectFailure(charge.other, notes.input), Error, "its structure is frozen");
});

test("C432 the compiler checks that a slot takes the failures of another", () => {
  const { flow, charge, notes } = createShop();
  flow.connectFailure(charge.other, notes.ordered);
  // @ts-expect-error: a routine's failures have data of any kind.
  flow.connectFailure(charge, notes.ordered);
  // @ts-expect-error: a failure is no order.
  flow.connectFailure(charge.answer, charge.other);
  // @ts-expect-error: a failure has no key "reason".
  assertThrows(() => flow.connectFailure(charge.answer, notes.input, { mapping: { reason: "why" }, more: 1 }));
});

/** Books in three steps; what was booked is cancelled in reverse order when a later step fails. */
class Step extends Routine<{ name: string; fails: boolean }> {
  readonly trigger: Slot<{ trip: string }> = this.addSlot("trigger", this.book);
  readonly undo: Slot<unknown> = this.addSlot("undo", this.cancel);
  readonly booked = this.addEvent<{ trip: string }>("booked");
  readonly cancelled = this.addEvent<unknown>("cancelled");
  async book({ trip }: { trip: string }, ctx: Context): Promise<void> {
    await Promise.resolve();
    if (this.getConfig("fails", false)) throw new Error(`no ${this.getConfig("name", "")} for ${trip}`);
    ctx.output("booked", this.getConfig("name"));
    ctx.emit(this.booked, { trip });
  }
  async cancel(_why: unknown, ctx: Context): Promise<void> {
    await Promise.resolve();
    ctx.output("cancelled", this.getConfig("name"));
    ctx.emit(this.cancelled, {});
  }
}

function createTrip(options: FlowOptions): { flow: Flow; first: Step } {
  const flow = new Flow({
    id: "trip",
    ...options,
    errorHandler: new ErrorHandler({ strategy: "retry", maxRetries: 1, retryDelayMs: 10 }),
  });
  const add = (name: string, fails: boolean) => flow.addRoutine(new Step().setConfig({ name, fails }), name);
  const [flight, hotel, car] = [add("flight", false), add("hotel", false), add("car", true)];
  flow.connect(flight.booked, hotel.trigger);
  flow.connect(hotel.booked, car.trigger);
  flow.connectFailure(car.trigger, hotel.undo);
  flow.connectFailure(hotel.trigger, flight.undo);
  flow.connect(hotel.cancelled, flight.undo);
  return { flow, first: flight };
}

test("C433 a saga: the third step fails for good, the others are cancelled in reverse order, once, stopped anywhere", async () => {
  const { engine } = createTestFlow();
  const { flow, first } = createTrip({ registry: new Registry({ Step }), engine });
  const { job, places } = await pauseAnywhere(flow, {
    entry: first.trigger,
    params: { trip: "Rome" },
    runs: amountOf(100, 300),
  });
  const done = job.outputLog.map(({ type, data }) => `${type} ${data}`);
  assertEquals([job.status, done], [
    "completed",
    ["booked flight", "booked hotel", "cancelled hotel", "cancelled flight"],
  ]);
  assertEquals(places > 10, true, `${places}`);
});

test("C433 the saga ends the same when its process dies at any write to the store", async () => {
  const ends = new Set<string>();
  let count = Infinity;
  for (let write = 1; write <= count; write++) {
    for (const isWritten of [false, true]) {
      const data = memoryStore();
      const timers = manualTimers();
      let processes = 0;
      const run = async (death?: Crash) => {
        const store = new CrashingStore(data, death, false);
        const registry = new Registry({ Step });
        const durability = { owner: "worker", takeOver: "at once" } as const;
        const engine = new Engine({ timers, ids: manualIds(`${processes++}`), registry, store, durability });
        const { flow, first } = createTrip({ registry, engine });
        const job = await data.find("trip") === undefined
          ? flow.execute(first.trigger, { trip: "Rome" }, { jobId: "trip" })
          : (await engine.recover()).jobs[0]?.job;
        await timers.advance(100);
        return { store, job };
      };
      const { store } = await run({ write, isWritten });
      const { job } = await run();
      const stored = job ??
        (await new Engine({ timers, registry: new Registry({ Step }), store: data }).open("trip")).job;
      ends.add(JSON.stringify([stored.status, stored.outputLog.map(({ type, data }) => [type, data])]));
      if (!store.isDead) count = Math.min(count, store.writes);
    }
  }
  assertEquals(Array.from(ends), [
    JSON.stringify(["completed", [["booked", "flight"], ["booked", "hotel"], ["cancelled", "hotel"], [
      "cancelled",
      "flight",
    ]]]),
  ]);
  assertEquals(count >= 8, true, `${count}`);
});

test("check() names each cycle of failures once, and none where they end", () => {
  const { flow } = createTestFlow();
  const add = (id: string) => addFunction<Failure>(flow, id, () => {}).trigger;
  const [a, b, c, d] = [add("a"), add("b"), add("c"), add("d")];
  const cycles = () =>
    flow.check().filter(({ code }) => code === "failure_cycle").map(({ path, message }) => [path, message]);
  flow.connectFailure(a, b);
  flow.connectFailure(b, c);
  flow.connectFailure(a, d);
  assertEquals(cycles(), []);
  flow.connectFailure(flow.routine("c"), b);
  assertEquals(cycles(), [[
    "routines.b.slots.trigger",
    'failures go round: "b.trigger" to "c.trigger" to "b.trigger"; while each fails, no job ends, unless limits.steps ends it',
  ]]);
  flow.connectFailure(c, a);
  assertEquals(cycles().map(([path]) => path), ["routines.b.slots.trigger", "routines.a.slots.trigger"]);
});
