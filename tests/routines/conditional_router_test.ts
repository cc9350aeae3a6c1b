import { test } from "node:test";
import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { ConditionalRouter, type ExpressionScope } from "../../src/routines/mod.ts";
import { runRoutine } from "../../src/testing/mod.ts";
import { sent, type TrialOptions, tryRoutine } from "../support/try_routine.ts";

type Order = { readonly priority?: string; readonly value?: number };

/** Sends each order through a router, alone. */
async function routed(
  router: ConditionalRouter<Order>,
  orders: readonly unknown[],
  options: TrialOptions,
): Promise<unknown[]> {
  const result = await tryRoutine(router, orders.map((data) => ({ data })), options);
  assertEquals(result.job.error, undefined);
  return sent(result);
}

const events = ["high", "low", "normal"];
const byPriority = () => {
  const router = new ConditionalRouter<Order>();
  router.addRoute("high", { priority: "high" });
  router.addRoute("low", { priority: "low" });
  return router;
};

test("C332 C333 data goes by the one event whose condition it fits, and by no other", async () => {
  const [high, low] = [{ priority: "high", value: 1 }, { priority: "low" }];
  assertEquals(await routed(byPriority(), [high, low, high], { events: ["high", "low"] }), [
    ["high", high],
    ["low", low],
    ["high", high],
  ]);
});

test("C334 data that fits no route goes by the default one", async () => {
  const router = byPriority();
  router.setDefaultRoute("normal");
  assertEquals(await routed(router, [{ priority: "medium" }, {}], { events }), [
    ["normal", { priority: "medium" }],
    ["normal", {}],
  ]);
});

test("without a default route, data that fits none goes nowhere, and the job completes", async () => {
  const { job, outputs } = await tryRoutine(byPriority(), [{ data: {} }], { events: ["high", "low"] });
  assertEquals([job.status, outputs], ["completed", []]);
});

test("C335 a route with an object condition has an event of its own, and takes equal data", async () => {
  const router = new ConditionalRouter<{ order: unknown }>();
  const event = router.addRoute("special", { order: { lines: [1, { sku: "a" }], gift: null } });
  assertStrictEquals(router.getEvent("special"), event);
  const fits = { order: { gift: null, lines: [1, { sku: "a" }] }, more: true };
  const others = [{ order: { lines: [1], gift: null } }, { order: { lines: [1, { sku: "a" }] } }, { more: 1 }, 5, null];
  const result = await tryRoutine(router, [fits, ...others].map((data) => ({ data })), { events: ["special"] });
  assertEquals(sent(result), [["special", fits]]);
});

test("an object condition without keys takes everything", async () => {
  const router = new ConditionalRouter<Order>();
  router.addRoute("all", {});
  assertEquals(await routed(router, [{}, { value: 1 }, 5], { events: ["all"] }), [["all", {}], ["all", { value: 1 }], [
    "all",
    5,
  ]]);
});

test("an object condition reads own keys only", async () => {
  const router = new ConditionalRouter<Order>();
  router.addRoute("odd", { length: 2 });
  const result = await tryRoutine(router, [{ data: [1, 2] }, { data: "ab" }, { data: {} }], { events: ["odd"] });
  assertEquals(sent(result), []);
});

test("an object condition with a date takes the same instant only", async () => {
  const router = new ConditionalRouter<{ day: Date }>();
  const condition: Record<string, unknown> = { day: new Date(0) };
  router.addRoute("epoch", condition as never);
  const days = [new Date(0), new Date(86_400_000)].map((day) => ({ data: { day } }));
  assertEquals(sent(await tryRoutine(router, days, { events: ["epoch"] })), [["epoch", { day: new Date(0) }]]);
});

test("C336 string conditions route high, low and default in turn, one event each", async () => {
  const router = new ConditionalRouter<Order>();
  router.addRoute("high", "priority == 'high'");
  router.addRoute("low", 'priority == "low" or value < 0');
  router.setDefaultRoute("normal");
  const orders = [{ priority: "high" }, { priority: "low" }, { value: -1 }, { value: 5 }];
  assertEquals(await routed(router, orders, { events }), [
    ["high", orders[0]],
    ["low", orders[1]],
    ["low", orders[2]],
    ["normal", orders[3]],
  ]);
});

test("C337 a string condition can read the config", async () => {
  const router = new ConditionalRouter<Order>();
  router.setConfig({ threshold: 10, limits: { top: 100 } });
  router.addRoute("normal", "value > config.limits.top");
  router.addRoute("high", "value > config.threshold");
  router.addRoute("low", "value <= config.threshold");
  const got = await routed(router, [{ value: 11 }, { value: 10 }, { value: 101 }], { events });
  assertEquals(got, [["high", { value: 11 }], ["low", { value: 10 }], ["normal", { value: 101 }]]);
});

test("C338 a string condition cannot read stats: there are none", async () => {
  const router = new ConditionalRouter<Order>();
  router.addRoute("high", "stats == stats.count or 'count' in stats");
  router.addRoute("low", "stats.count < 10");
  assertThrows(() => router.addRoute("normal", 'stats.get("count", 0) < 10'), SyntaxError, "calls are not allowed");
  assertEquals(await routed(router, [{}], { events: ["high", "low"] }), [["high", {}]]);
});

test("a string condition sees the data as a whole too, also when it is no object", async () => {
  const router = new ConditionalRouter<Order>();
  router.addRoute("high", "data > 10");
  router.addRoute("low", "data.value == value and 'value' in data");
  router.setDefaultRoute("normal");
  assertEquals(await routed(router, [11, { value: 1 }, null], { events }), [
    ["high", 11],
    ["low", { value: 1 }],
    ["normal", null],
  ]);
});

test("C339 a function condition gets data and config", async () => {
  const seen: unknown[] = [];
  const router = new ConditionalRouter<Order>();
  router.setConfig({ threshold: 3 });
  router.addRoute("high", (data, config) => {
    seen.push([data, config["threshold"]]);
    return (data.value ?? 0) > Number(config["threshold"]);
  });
  assertEquals(await routed(router, [{ value: 3 }, { value: 4 }], { events: ["high"] }), [["high", { value: 4 }]]);
  assertEquals(seen, [[{ value: 3 }, 3], [{ value: 4 }, 3]]);
});

test("C340 a function condition may close over what it likes, as long as the flow does not travel", async () => {
  const wanted = new Set([2]);
  const router = new ConditionalRouter<Order>();
  router.addRoute("high", ({ value = 0 }) => wanted.has(value));
  assertEquals(await routed(router, [{ value: 1 }, { value: 2 }], { events: ["high"] }), [["high", { value: 2 }]]);
});

test("a function condition runs with the router as this", async () => {
  class Own extends ConditionalRouter<Order> {
    limit = 5;
    isLarge({ value = 0 }: Order): boolean {
      return value > this.limit;
    }
  }
  const router = new Own();
  router.addRoute("high", router.isLarge);
  const got = await routed(router, [{ value: 5 }, { value: 6 }], { events: ["high"], registry: { Own } });
  assertEquals(got, [["high", { value: 6 }]]);
});

test("an asynchronous condition is refused in words: a promise is no answer", async () => {
  const router = new ConditionalRouter<Order>();
  const slow: unknown = () => Promise.resolve(false);
  router.addRoute("high", slow as () => boolean);
  const { job, outputs } = await tryRoutine(router, [{ data: {} }], { events: ["high"] });
  assertEquals([job.status, outputs], ["failed", []]);
  assertEquals(job.error?.name, "TypeError");
});

test("the first route that fits takes the data, in the order in which routes were added", async () => {
  const router = new ConditionalRouter<Order>();
  router.addRoute("low", "value > 1");
  router.addRoute("high", "value > 5");
  assertEquals(await routed(router, [{ value: 9 }], { events: ["high", "low"] }), [
    ["low", { value: 9 }],
  ]);
});

test("in mode all, every route that fits takes the data, and the default only where none does", async () => {
  const router = new ConditionalRouter<Order>().setMode("all");
  router.addRoute("low", "value > 1");
  router.addRoute("high", { priority: "high" });
  router.setDefaultRoute("normal");
  const both = { priority: "high", value: 9 };
  assertEquals(await routed(router, [both, { value: 9 }, {}], { events }), [
    ["low", both],
    ["high", both],
    ["low", { value: 9 }],
    ["normal", {}],
  ]);
});

test("two routes may share an event, and a route may share the default's", async () => {
  const router = new ConditionalRouter<Order>();
  const first = router.addRoute("high", { priority: "high" });
  assertStrictEquals(router.addRoute("high", "value > 5"), first);
  assertStrictEquals(router.setDefaultRoute("high"), first);
  const orders = [{ priority: "high" }, { value: 6 }, {}];
  assertEquals(await routed(router, orders, { events: ["high"] }), orders.map((data) => ["high", data]));
});

test("a condition that throws is the router's error, and says why", async () => {
  const router = new ConditionalRouter<Order>();
  router.addRoute("high", "value + 1 > 2");
  const { job } = await tryRoutine(router, [{ data: { value: "a" } }], { events: ["high"] });
  assertEquals([job.status, job.error?.message, job.routineStates["subject"]?.status], [
    "failed",
    'Cannot evaluate: "+" needs numbers, and got "a"',
    "failed",
  ]);
});

test("a condition of another kind, a wrong expression and a wrong mode are refused in words", () => {
  const router = new ConditionalRouter<Order>();
  const add = (condition: unknown) => assertThrows(() => router.addRoute("high", condition as string), Error).message;
  const kinds = 'Cannot add route "high": the condition must be an object, an expression or a function, got ';
  assertEquals([add(5), add(null), add([1]), add(undefined)], [
    `${kinds}5`,
    `${kinds}null`,
    `${kinds}an array`,
    `${kinds}undefined`,
  ]);
  assertEquals(add("value >"), 'Cannot parse expression "value >": expected a value at position 7');
  assertEquals(
    assertThrows(() => router.setMode("some" as "all"), TypeError).message,
    'Cannot set mode: mode must be one of "first", "all", current value is "some"',
  );
});

test("what is refused leaves nothing behind: no event, no route, no function", () => {
  const router = new ConditionalRouter<Order>();
  const decide = (_data: Order, _config: ExpressionScope) => true;
  assertThrows(() => router.addRoute("wrong", "1 +"), SyntaxError);
  assertThrows(() => router.addRoute("wrong", 5 as never), TypeError);
  assertThrows(() => router.addRoute("wrong", { run: decide } as never));
  assertThrows(() => router.addRoute("", decide));
  assertThrows(() => router.setDefaultRoute("__proto__"));
  assertEquals([router.getEvent("wrong"), router.getConfig(), router.getFunction("route 0")], [
    undefined,
    {},
    undefined,
  ]);
});

test("a router without routes sends everything to its default route, or nowhere", async () => {
  for (const events of [[], ["rest"]]) {
    const router = new ConditionalRouter();
    for (const event of events) router.setDefaultRoute(event);
    const { job, emitted } = await runRoutine(router, router.input, { n: 1 });
    assertEquals([job.status, emitted.map(({ event }) => event)], ["completed", events]);
  }
});
