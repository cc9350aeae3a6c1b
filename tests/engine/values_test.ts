import { test } from "node:test";
import { assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import { Registry, SerializationError } from "../../mod.ts";
import { addFunction, addSource, link } from "../support/function_routine.ts";
import { WaitingHandlers } from "../support/waiting_handlers.ts";
import { createTestFlow } from "../support/test_flow.ts";
import { plainError } from "../support/plain_error.ts";

test("reads through ctx see the handler's own writes", async () => {
  const { flow } = createTestFlow();
  const act = addFunction(flow, "act", ({ n }: { n: number }, ctx) => {
    for (const values of [ctx.shared, ctx.state]) {
      assertEquals(values.get("n"), undefined);
      values.set("n", n);
      assertEquals(values.get("n"), n);
      values.update<number>("n", (old = 0) => old * 10);
      values.update<number>("n", (old = 0) => old + 1);
      assertEquals(values.get("n"), n * 10 + 1);
      values.set("gone", 1);
      values.set("gone", undefined);
      assertEquals(values.get("gone"), undefined);
      values.update<number>("fresh", (old) => old === undefined ? 1 : 2);
      assertEquals(values.get("fresh"), 1);
    }
  });
  const job = await flow.run(act.trigger, { n: 4 });
  assertEquals(plainError(job), undefined);
  assertEquals(job.sharedData, { n: 41, fresh: 1 });
  assertEquals(job.routineStates.act?.state, { n: 41, fresh: 1 });
});

test("C112 shared data is the job's, state is the routine's own", async () => {
  const { flow } = createTestFlow();
  const seen: unknown[] = [];
  const act = (id: string) =>
    addFunction(flow, id, (_data, ctx) => {
      seen.push(`${id} sees ${ctx.shared.get("who")} and ${ctx.state.get("who")}`);
      ctx.shared.set("who", id);
      ctx.state.set("who", id);
      ctx.emit("output", {});
    });
  act("a");
  act("b");
  link(flow, "a", "b");
  const job = await flow.run("a");
  assertEquals(seen, ["a sees undefined and undefined", "b sees a and undefined"]);
  assertEquals(job.sharedData, { who: "b" });
  assertEquals([job.routineStates.a?.state, job.routineStates.b?.state], [{ who: "a" }, { who: "b" }]);
});

test("C122 what a routine keeps under the word status is its own affair", async () => {
  const { flow } = createTestFlow();
  addFunction(flow, "act", (_data, ctx) => {
    for (const values of [ctx.state, ctx.shared]) values.set("status", "failed");
  });
  const job = await flow.run("act");
  assertEquals([job.status, job.routineStates.act], [
    "completed",
    { retries: 0, state: { status: "failed" }, status: "completed", version: 1 },
  ]);
});

test("set(key, undefined) removes what an earlier handler has set", async () => {
  const { flow } = createTestFlow();
  addFunction(flow, "a", (_data, ctx) => {
    ctx.shared.set("kept", null);
    ctx.shared.set("gone", 1);
    ctx.shared.set("updated away", 1);
    ctx.emit("output", {});
  });
  addFunction(flow, "b", (_data, ctx) => {
    ctx.shared.set("gone", undefined);
    ctx.shared.update("updated away", () => undefined);
  });
  link(flow, "a", "b");
  const job = await flow.run("a");
  assertEquals(job.sharedData, { kept: null });
});

test("updates of concurrent handlers don't lose each other; sets do, the later commit wins", async () => {
  const { flow, timers } = createTestFlow({ executionStrategy: "concurrent", maxWorkers: 4 });
  const handlers = new WaitingHandlers();
  addSource(flow, "source", [1, 2, 4, 8]);
  addFunction(flow, "sink", async (n: number, ctx) => {
    ctx.shared.update<number>("sum", (old = 0) => old + n);
    ctx.state.update<number>("count", (old = 0) => old + 1);
    ctx.shared.set("last", n);
    assertEquals([ctx.shared.get("sum"), ctx.shared.get("last")], [n, n]);
    await handlers.wait(n);
  });
  link(flow, "source", "sink");
  const job = flow.execute("source");
  await timers.flush();
  for (const n of [4, 8, 1, 2]) handlers.release(n);
  await timers.flush();
  assertEquals([job.status, job.sharedData], ["completed", { sum: 15, last: 2 }]);
  assertEquals(job.routineStates.sink?.state, { count: 4 });
});

test("an update runs at commit, on the value of that moment, as reads of it do", async () => {
  const { flow, timers } = createTestFlow({ executionStrategy: "concurrent" });
  const handlers = new WaitingHandlers();
  const seen: unknown[] = [];
  addSource(flow, "source", ["slow", "quick"]);
  addFunction(flow, "sink", async (name: string, ctx) => {
    ctx.shared.update<string[]>("names", (old = []) => [...old, name]);
    seen.push(ctx.shared.get("names"));
    await handlers.wait(name);
    seen.push(ctx.shared.get("names"));
  });
  link(flow, "source", "sink");
  const job = flow.execute("source");
  await timers.flush();
  handlers.release("quick");
  await timers.flush();
  handlers.release("slow");
  await timers.flush();
  assertEquals(seen, [["slow"], ["quick"], ["quick"], ["quick", "slow"]]);
  assertEquals(job.sharedData, { names: ["quick", "slow"] });
});

test("an update that throws fails the task, and nothing of it is committed", async () => {
  const { flow } = createTestFlow();
  addFunction(flow, "act", (_data, ctx) => {
    ctx.emit("output", {});
    ctx.shared.set("before", 1);
    ctx.state.update("n", () => {
      throw new RangeError("no such number");
    });
  });
  const job = await flow.run("act");
  assertEquals([job.status, plainError(job)], ["failed", { name: "RangeError", message: "no such number" }]);
  assertEquals([job.sharedData, job.history().map(({ type }) => type)], [{}, ["start", "error"]]);
});

test("an update that returns what cannot travel fails the task, with the path", async () => {
  const { flow } = createTestFlow();
  addFunction(flow, "act", (_data, ctx) => ctx.shared.update("n", () => ({ f: () => {} })));
  const job = await flow.run("act");
  assertEquals(plainError(job), {
    name: "SerializationError",
    code: "SERIALIZATION",
    message: "Cannot set shared: shared.n.f is a function; send what it stands for instead",
  });
});

test("set refuses at once what cannot travel, names that no value may have, and changes that are no functions", async () => {
  const { flow } = createTestFlow();
  addFunction(flow, "act", (_data, ctx) => {
    const error = assertThrows(() => ctx.state.set("a b", { x: [NaN] }), SerializationError);
    assertInstanceOf(error, SerializationError);
    assertEquals(error.path, 'state["a b"].x[0]');
    for (const key of ["", "__proto__"]) {
      assertThrows(() => ctx.shared.set(key, 1), TypeError, "key");
      assertThrows(() => ctx.shared.update(key, () => 1), TypeError, "key");
    }
    assertThrows(() => ctx.shared.update("n", 1 as unknown as () => 1), TypeError, "must be a function");
  });
  const job = await flow.run("act");
  assertEquals([plainError(job), job.sharedData], [undefined, {}]);
});

test("what a handler reads is frozen: it cannot be changed behind the job's back", async () => {
  const { flow } = createTestFlow();
  addFunction(flow, "a", (_data, ctx) => {
    ctx.shared.set("list", [{ n: 1 }]);
    ctx.emit("output", {});
  });
  addFunction(flow, "b", (_data, ctx) => {
    const list = ctx.shared.get<{ n: number }[]>("list") ?? [];
    // @ts-expect-error: what is read is not changed.
    assertThrows(() => list.push({ n: 2 }), TypeError);
  });
  link(flow, "a", "b");
  const job = await flow.run("a");
  assertEquals([job.status, job.sharedData], ["completed", { list: [{ n: 1 }] }]);
});

test("C394 log entries carry the instant and the routine, and refuse what is no object", async () => {
  const { flow, timers } = createTestFlow();
  const entry = { level: "info", tags: ["a"] };
  addFunction(flow, "act", (_data, ctx) => {
    ctx.log(entry);
    entry.tags.push("b");
    for (const wrong of ["text", 1, null, [1]]) {
      assertThrows(() => ctx.log(wrong as object), TypeError, "the entry must be an object");
    }
  });
  await timers.advance(1_500);
  const job = await flow.run("act");
  assertEquals(plainError(job), undefined);
  assertEquals(job.sharedLog, [
    { at: "1970-01-01T00:00:01.500Z", entry: { level: "info", tags: ["a"] }, routine: "act" },
  ]);
  assertEquals(entry, { level: "info", tags: ["a", "b"] });
});

test("C509 what a handler reads refuses to be changed in place; update and merges may change what they get", async () => {
  const { flow } = createTestFlow();
  const value = {
    list: [1],
    map: new Map<string, unknown>([["a", [1]]]),
    set: new Set([1]),
    when: new Date(5),
    deep: [new Map([["b", new Set([{ c: 1 }])]])],
  };
  const refused: string[] = [];
  addFunction(flow, "act", (data: typeof value, ctx) => {
    ctx.shared.set("value", data);
    const read = ctx.shared.get<typeof value>("value");
    for (const each of [data, read]) {
      if (each === undefined) continue;
      const changes: readonly (() => unknown)[] = [
        // @ts-expect-error: what is read is not changed.
        () => each.list.push(2),
        // @ts-expect-error: what is read is not changed.
        () => each.map.set("b", 1),
        // @ts-expect-error: what is read is not changed.
        () => each.map.delete("a"),
        // @ts-expect-error: what is read is not changed.
        () => each.map.clear(),
        () => (each.map.get("a") as number[]).push(2),
        // @ts-expect-error: what is read is not changed.
        () => each.set.add(2),
        // @ts-expect-error: what is read is not changed.
        () => each.set.delete(1),
        // @ts-expect-error: what is read is not changed.
        () => each.when.setTime(6),
        // @ts-expect-error: what is read is not changed.
        () => each.when.setFullYear(2000),
        // @ts-expect-error: what is read is not changed.
        () => each.deep.push(new Map()),
        // @ts-expect-error: what is read is not changed.
        () => each.deep[0]?.get("b")?.clear(),
        () => Object.assign([...each.deep[0]?.get("b") ?? []][0] ?? {}, { c: 2 }),
      ];
      for (const change of changes) refused.push(assertThrows(change, TypeError).message);
      assertEquals(each.map instanceof Map && structuredClone(each), value);
    }
    ctx.emit("output", read);
    ctx.shared.update<typeof value>("value", (old) => {
      old?.list.push(2);
      old?.map.set("b", old.when.setTime(7));
      old?.set.add(2);
      return old;
    });
  });
  addFunction(flow, "sink", (data, ctx) => ctx.shared.set("sent", data));
  link(flow, "act", "sink");
  const job = await flow.run("act", value);
  const { value: kept, sent } = job.sharedData;
  assertEquals([job.status, sent], ["completed", value]);
  assertEquals(kept, {
    ...value,
    list: [1, 2],
    map: new Map<string, unknown>([["a", [1]], ["b", 7]]),
    set: new Set([1, 2]),
    when: new Date(7),
  });
  assertEquals(
    refused.filter((message) => message.includes("Map"))[0],
    "Cannot change a Map in place: it is a copy; set another one, or change it in update()",
  );
});

test("instances of classes and bytes come fresh for each reader, and may be changed", async () => {
  class Cart {
    items: string[] = [];
    toJSON = () => ({ items: this.items, at: new Date(0) });
    static fromJSON = (json: { items: string[] }) => Object.assign(new Cart(), { items: json.items });
  }
  const { flow } = createTestFlow({ registry: new Registry({ Cart }) });
  addFunction(flow, "act", (_data, ctx) => {
    ctx.shared.set("cart", new Cart());
    ctx.shared.set("bytes", new Uint8Array(1));
    const cart = ctx.shared.get<Cart>("cart");
    // @ts-expect-error: what is read is not changed.
    cart?.items.push("tea");
    // @ts-expect-error: what is read is not changed.
    ctx.shared.get<Uint8Array>("bytes")?.fill(5);
    ctx.output("seen", [cart?.items, ctx.shared.get<Cart>("cart")?.items, ctx.shared.get<Uint8Array>("bytes")?.[0]]);
  });
  const job = await flow.run("act");
  assertEquals(job.outputLog[0]?.data, [["tea"], [], 0]);
});
