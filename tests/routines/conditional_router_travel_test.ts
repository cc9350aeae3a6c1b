import { test } from "node:test";
import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { Engine, Flow, PreflightError, type Registrable, Routine } from "../../mod.ts";
import { ConditionalRouter, type ExpressionScope } from "../../src/routines/mod.ts";
import { manualIds, manualTimers } from "../../src/testing/mod.ts";
import { sent, trialFlow, trialRegistry, tryRoutine } from "../support/try_routine.ts";

type Order = { readonly priority?: string; readonly value?: number };

/** The registered conditions. */
function isLarge({ value = 0 }: Order): boolean {
  return value > 100;
}
function isAbove({ value = 0 }: Order, config: ExpressionScope): boolean {
  return value > Number(config["threshold"]);
}

/** A router that decides by a method of its own. */
class OwnRouter extends ConditionalRouter<Order> {
  readonly odd = this.addRoute("odd", this.isOdd);
  isOdd({ value = 0 }: Order): boolean {
    return value % 2 === 1;
  }
}

const newEngine = () => new Engine({ timers: manualTimers(), ids: manualIds() });
const flowOf = (
  router: Routine<object>,
  events: readonly string[],
  registry: Readonly<Record<string, Registrable>> = {},
) => trialFlow(router, newEngine(), { events, registry });

/** What a router gives where it was made, and after its flow has moved through text: the same. */
async function routedHereAndThere(
  make: () => Routine<object>,
  orders: readonly unknown[],
  events: readonly string[],
  registry: Readonly<Record<string, Registrable>> = {},
): Promise<unknown[]> {
  const items = orders.map((data) => ({ data }));
  const here = await tryRoutine(make(), items, { events, registry });
  const there = await tryRoutine(make(), items, { events, registry, moved: true });
  assertEquals(sent(there), sent(here));
  assertEquals(there.job.status, "completed");
  return sent(there);
}

test("C342 C343 a string condition travels unchanged and still routes", async () => {
  const text = "value  > config.threshold and not (priority in ['low', \"none\"])";
  const make = () => {
    const router = new ConditionalRouter<Order>();
    router.setConfig({ threshold: 10 });
    router.addRoute("high", text);
    return router;
  };
  assertEquals(flowOf(make(), ["high"]).toJSON().routines["subject"]?.config, {
    routes: [{ event: "high", expression: text }],
    threshold: 10,
  });
  const orders = [{ value: 11 }, { value: 10 }, { value: 11, priority: "low" }];
  assertEquals(await routedHereAndThere(make, orders, ["high"]), [["high", { value: 11 }]]);
});

test("C341 an object condition travels as it is", () => {
  const router = new ConditionalRouter<Order>();
  router.addRoute("high", { priority: "high", tags: [{ a: 1 }] });
  assertEquals(flowOf(router, ["high"]).toJSON().routines["subject"]?.config, {
    routes: [{ equals: { priority: "high", tags: [{ a: 1 }] }, event: "high" }],
  });
});

test("C341 C344 C346 C350 a function that has no name in the registry does not travel: never its source", () => {
  const refusal = (condition: (data: Order) => boolean) => {
    const router = new ConditionalRouter<Order>();
    router.addRoute("high", condition);
    return assertThrows(() => flowOf(router, ["high"]).toJSON(), TypeError).message;
  };
  function local({ value = 0 }: Order): boolean {
    return value > 1;
  }
  const action = 'Cannot serialize the function "route 0" of ConditionalRouter[subject]:';
  assertEquals(
    refusal(local),
    `${action} the function 'local' cannot be found by name; make it a method, or registry.register({ local })`,
  );
  assertEquals(
    refusal(({ value = 0 }) => value > 1),
    `${action} the function '' cannot be found by name; make it a method, or registry.register({ name })`,
  );
});

test("C345 string and object conditions with a default and the mode survive together", async () => {
  const make = () => {
    const router = new ConditionalRouter<Order>().setMode("first");
    router.addRoute("high", { priority: "high" });
    router.addRoute("large", "value > 100");
    router.setDefaultRoute("rest");
    return router;
  };
  const orders = [{ priority: "high", value: 500 }, { value: 500 }, { value: 1 }];
  assertEquals(await routedHereAndThere(make, orders, ["high", "large", "rest"]), [
    ["high", orders[0]],
    ["large", orders[1]],
    ["rest", orders[2]],
  ]);
});

test("the mode all survives", async () => {
  const make = () => {
    const router = new ConditionalRouter<Order>().setMode("all");
    router.addRoute("high", { priority: "high" });
    router.addRoute("large", "value > 100");
    return router;
  };
  const both = { priority: "high", value: 500 };
  assertEquals(await routedHereAndThere(make, [both], ["high", "large"]), [["high", both], ["large", both]]);
});

test("C347 C351 a registered function travels by its name, and routes", async () => {
  const make = () => {
    const router = new ConditionalRouter<Order>();
    router.addRoute("large", isLarge);
    return router;
  };
  const { config, functions } = flowOf(make(), ["large"], { isLarge }).toJSON().routines["subject"] ?? {};
  assertEquals([config, functions], [
    { routes: [{ event: "large", function: "route 0" }] },
    { "route 0": { function: "isLarge" } },
  ]);
  const got = await routedHereAndThere(make, [{ value: 100 }, { value: 101 }], ["large"], { isLarge });
  assertEquals(got, [["large", { value: 101 }]]);
});

test("C348 a registered function that uses the config still works after the move", async () => {
  const make = () => {
    const router = new ConditionalRouter<Order>();
    router.setConfig({ threshold: 7 });
    router.addRoute("high", isAbove);
    return router;
  };
  const got = await routedHereAndThere(make, [{ value: 7 }, { value: 8 }], ["high"], { isAbove });
  assertEquals(got, [["high", { value: 8 }]]);
});

test("C369 an own method of a subclass is accepted, and routes after the move", async () => {
  const make = () => new OwnRouter();
  assertEquals(flowOf(make(), ["odd"], { OwnRouter }).toJSON().routines["subject"]?.functions, {
    "route 0": { method: "isOdd" },
  });
  const got = await routedHereAndThere(make, [{ value: 2 }, { value: 3 }], ["odd"], { OwnRouter });
  assertEquals(got, [["odd", { value: 3 }]]);
});

test("C349 conditions of all kinds survive together and route", async () => {
  const make = () => {
    const router = new OwnRouter();
    router.setConfig({ threshold: 50 });
    router.addRoute("high", { priority: "high" });
    router.addRoute("small", "value < 0");
    router.addRoute("large", isLarge);
    router.addRoute("above", isAbove);
    router.setDefaultRoute("rest");
    return router;
  };
  const orders = [{ value: 1 }, { priority: "high" }, { value: -2 }, { value: 102 }, { value: 52 }, { value: 2 }];
  const got = await routedHereAndThere(make, orders, ["odd", "high", "small", "large", "above", "rest"], {
    ...{ OwnRouter, isAbove, isLarge },
  });
  assertEquals(got, ["odd", "high", "small", "large", "above", "rest"].map((event, i) => [event, orders[i]]));
});

test("C368 a method of another routine as a condition is refused with the seed's text", () => {
  class OtherRoutine extends Routine {
    isLarge({ value = 0 }: Order): boolean {
      return value > 100;
    }
  }
  const other = new OtherRoutine();
  const router = new ConditionalRouter<Order>();
  router.addRoute("large", other.isLarge);
  const flow = flowOf(router, ["large"], { OtherRoutine });
  flow.addRoutine(other, "other_id");
  assertEquals(
    assertThrows(() => flow.toJSON(), TypeError).message,
    "Cannot serialize method 'isLarge' from OtherRoutine[other_id]. Only methods of the serialized object itself " +
      "(ConditionalRouter[subject]) can be serialized for cross-process execution.",
  );
});

test("the other host must know the function: what is missing is named with its place", () => {
  const router = new ConditionalRouter<Order>();
  router.addRoute("large", isLarge);
  const json = JSON.parse(JSON.stringify(flowOf(router, ["large"], { isLarge })));
  const { message } = assertThrows(() => Flow.fromJSON(json, trialRegistry()), PreflightError);
  assertStringIncludes(message, 'routines.subject.functions["route 0"]');
  assertStringIncludes(message, "function 'isLarge' is not in the registry");
});

test("a mangled route in a document is the router's error, not a silent way to the default", async () => {
  const mangle = async (route: unknown): Promise<unknown[]> => {
    const router = new ConditionalRouter<Order>();
    router.addRoute("large", "value > 100");
    router.setDefaultRoute("rest");
    const json = JSON.parse(JSON.stringify(flowOf(router, ["large", "rest"])));
    json.routines.subject.config.routes = [route];
    const engine = newEngine();
    const flow = Flow.fromJSON(json, trialRegistry(), { engine });
    const job = await flow.run("feed", { items: [{ data: { value: 500 } }] });
    return [job.status, job.outputLog.map(({ type }) => type), job.error?.name];
  };
  assertEquals(await mangle({ event: "large", expression: "value >" }), ["failed", [], "SyntaxError"]);
  assertEquals(await mangle({ event: "nowhere", equals: {} }), ["failed", [], "TypeError"]);
  assertEquals(await mangle({ event: "large", function: "route 7" }), ["failed", [], "TypeError"]);
  assertEquals(await mangle({ event: "large" }), ["failed", [], "TypeError"]);
});

test("flow bytes are the same before and after the move, and after a run", async () => {
  const router = new OwnRouter();
  router.addRoute("large", isLarge);
  router.addRoute("small", "value < 0");
  router.setDefaultRoute("rest");
  const registry = { OwnRouter, isLarge };
  const flow = flowOf(router, ["odd", "large", "small", "rest"], registry);
  const before = JSON.stringify(flow);
  const moved = Flow.fromJSON(JSON.parse(before), trialRegistry(registry), { engine: newEngine() });
  assertEquals(JSON.stringify(moved), before);
  await moved.run("feed", { items: [{ data: { value: 500 } }] });
  assertEquals(JSON.stringify(moved), before);
});
