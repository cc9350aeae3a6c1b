import { test } from "node:test";
import { assertEquals } from "@std/assert";
import * as v from "valibot";
import { type Event, Flow, Registry, Routine, type Slot } from "../../mod.ts";
import {
  Aggregator,
  Batcher,
  ConditionalRouter,
  DataTransformer,
  DataValidator,
  Filter,
  type Group,
  Join,
  Mapper,
  routines,
  type SplitItem,
  Splitter,
} from "../../src/routines/mod.ts";
import { assertType } from "../support/assert_type.ts";

interface Order {
  readonly id: string;
  readonly amount: number;
}
class Till extends Routine {
  readonly orders = this.addSlot("orders", this.takeOrder);
  readonly amounts = this.addSlot("amounts", this.takeAmount);
  takeOrder(_order: Order): void {}
  takeAmount(_data: { amount: number }): void {}
}

function newFlow(): { flow: Flow; till: Till } {
  const flow = new Flow({ id: "flow", registry: new Registry(routines) });
  return { flow, till: flow.addRoutine(new Till(), "till") };
}

test("a mapper takes what its function takes, and sends what it makes", () => {
  const { flow, till } = newFlow();
  const mapper = flow.addRoutine(new Mapper<Order, { amount: number }>(), "mapper");
  assertType<Slot<Order>>()(mapper.input);
  assertType<Event<{ amount: number }>>()(mapper.output);
  mapper.use(({ amount }) => ({ amount }));
  mapper.use(async ({ amount }) => ({ amount: await Promise.resolve(amount) }));
  flow.connect(mapper.output, till.amounts);
  // @ts-expect-error: Type 'string' is not assignable to type 'number'.
  mapper.use(({ id }) => ({ amount: id }));
  // @ts-expect-error: Property 'id' is missing in type '{ amount: number; }' but required in type 'Order'.
  flow.connect(mapper.output, till.orders);
  assertEquals(flow.connections.length, 2);
});

test("a filter, a router and a batcher send on what they take", () => {
  const { flow, till } = newFlow();
  const filter = flow.addRoutine(new Filter<Order>().use(({ amount }) => amount > 5), "filter");
  const router = flow.addRoutine(new ConditionalRouter<Order>(), "router");
  const large = router.addRoute("large", ({ amount }) => amount > 100);
  assertType<Event<Order>>()(filter.rejected);
  assertType<Event<Order>>()(large);
  flow.connect(filter.output, router.input);
  flow.connect(large, till.orders);
  // @ts-expect-error: Type 'number' is not assignable to type 'boolean | Promise<boolean>'.
  filter.use(({ amount }) => amount);
  // @ts-expect-error: Property 'price' does not exist on type 'Order'.
  router.addRoute("cheap", ({ price }) => price < 5);
  // @ts-expect-error: Argument of type '"some"' is not assignable to parameter of type '"first" | "all"'.
  const mode = () => router.setMode("some");
  assertType<Slot<Order>>()(new Batcher<Order>().input);
  assertEquals([flow.connections.length, mode.length], [2, 0]);
});

test("joins and splits carry the type of their items", () => {
  assertType<Event<Group<Order>>>()(new Aggregator<Order>().output);
  assertType<Slot<{ readonly items: readonly Order[] }>>()(new Splitter<Order>().input);
  assertType<Event<SplitItem<Order>>>()(new Splitter<Order>().item);
  // @ts-expect-error: 'size' does not exist in type 'AggregatorOptions<Order>'.
  const misspelt = () => new Aggregator<Order>().setGroups({ size: 3 });
  assertEquals(misspelt.length, 0);
});

test("C517 a key of groups is one that all of their data has, with a value that can name a group", () => {
  interface Visit {
    readonly id: string;
    readonly day: Date;
    readonly room?: number;
  }
  const byId = new Aggregator<Visit>().setGroups({ by: "id", count: 2 });
  assertEquals(byId.getConfig("by"), "id");
  const groups = [
    // @ts-expect-error: Type '"name"' is not assignable to type '"id"'.
    () => new Aggregator<Visit>().setGroups({ by: "name", count: 2 }),
    // @ts-expect-error: Type '"day"' is not assignable to type '"id"'.
    () => new Aggregator<Visit>().setGroups({ by: "day", count: 2 }),
    // @ts-expect-error: Type '"room"' is not assignable to type '"id"'.
    () => new Aggregator<Visit>().setGroups({ by: "room", count: 2 }),
    // @ts-expect-error: Type '"day"' is not assignable to type '"id"'.
    () => new Join<{ visit: Visit; order: Order }>().setInputs({ visit: { by: "day" }, order: { by: "amount" } }),
  ];
  assertEquals(groups.length, 4);
  // Where keys are not known, any text is one.
  new Aggregator().setGroups({ by: "any", count: 2 });
  new Join<{ a: unknown; b: Record<string, unknown> }>().setInputs({ a: { by: "any" }, b: { by: "any" } });
});

test("a validator takes anything, and sends what its schema gives", () => {
  const { flow, till } = newFlow();
  const schema = () => v.object({ id: v.string(), amount: v.number() });
  const validator = flow.addRoutine(new DataValidator<Order>().use(schema), "validator");
  assertType<Slot<unknown>>()(validator.input);
  flow.connect(validator.valid, till.orders);
  // @ts-expect-error: Property 'amount' is missing in type '{ id: string; }' but required in type 'Order'.
  validator.use(() => v.object({ id: v.string() }));
  // @ts-expect-error: Argument of type 'ObjectSchema<…>' is not assignable to parameter of type '() => StandardSchema'.
  const bare = () => validator.use(schema());
  assertEquals([flow.connections.length, bare.length], [1, 0]);
});

test("settings of built-in routines are checked", () => {
  const wrong = [
    // @ts-expect-error: Argument of type 'number' is not assignable to parameter of type 'string'.
    () => new DataTransformer().setSteps("lowercase", 5),
    // @ts-expect-error: 'step' does not exist in type 'Partial<DataTransformerConfig>'. Did you mean to write 'steps'?
    () => new DataTransformer().setConfig({ step: ["lowercase"] }),
    // @ts-expect-error: Type 'string' is not assignable to type 'boolean'.
    () => new DataValidator().setConfig({ strict: "yes" }),
  ];
  assertEquals(wrong.length, 3);
});
