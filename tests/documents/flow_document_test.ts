import { assertEquals, assertFalse } from "@std/assert";
import { test } from "node:test";
import { type Collected, type Context, ErrorHandler, Flow, Registry, Routine } from "../../mod.ts";
import { createTestFlow } from "../support/test_flow.ts";

class DataSource extends Routine {
  readonly trigger = this.addSlot("trigger", this.send);
  readonly output = this.addEvent<{ data: string }>("output");
  send(_params: unknown, ctx: Context): void {
    ctx.emit(this.output, { data: "initial_data" });
  }
}

class DataProcessor extends Routine {
  readonly input = this.addSlot("input", this.process);
  readonly output = this.addEvent<{ result: string }>("output");
  process({ data }: { readonly data: string }, ctx: Context): void {
    ctx.emit(this.output, { result: `Processed: ${data}` });
  }
}

function shout(_data: { readonly text: string }): void {}

function total(old: number | undefined, next: number): number {
  return (old ?? 0) + next;
}

class Everything extends Routine<{ zebra: number; apple: unknown }> {
  readonly threshold = 3;
  readonly labels: ReadonlyMap<string, number> = new Map([["b", 1], ["a", 2]]);
  readonly secret = "stays here";
  readonly zeta = this.addSlot("zeta", this.go, { timeoutMs: 500 });
  readonly alpha = this.addSlot("alpha", shout);
  readonly middle = this.addSlot("middle", this.gather, { merge: "append" });
  readonly number = this.addSlot("number", null, { merge: total });
  readonly own = this.addSlot("own", this.go, { merge: this.fold });
  readonly second = this.addEvent<{ b: string; a: number }>("second", { params: ["b", "a"] });
  readonly first = this.addEvent<{ text: string }>("first");

  constructor() {
    super();
    this.addSerializableFields("threshold", "labels");
  }

  go(_data: { readonly x: number }): void {}
  gather(_lists: { readonly x: Collected<number> }): void {}
  fold(_old: { x: number } | undefined, next: { x: number }): { x: number } {
    return next;
  }
}

class Tail extends Routine {
  readonly input = this.addSlot("input", this.take);
  take(_data: { readonly text: string; readonly a: number }): void {}
}

const registry = new Registry({ DataSource, DataProcessor, Everything, Tail, shout, total });

const EXAMPLE =
  '{"connections":[{"from":{"event":"output","routine":"source"},"mapping":{"data":"data"},"to":{"routine":"processor",' +
  '"slot":"input"}}],"executionStrategy":"sequential","executionTimeoutMs":null,"format":"routilux/flow",' +
  '"id":"cross_host_flow","maxWorkers":1,"routines":{"processor":{"config":{},"events":{"output":{}},"slots":{"input":' +
  '{"handler":{"method":"process"}}},"type":"DataProcessor","version":1},"source":{"config":{},"events":{"output":{}},' +
  '"slots":{"trigger":{"handler":{"method":"send"}}},"type":"DataSource","version":1}},"version":1}';

function example(): Flow {
  const flow = new Flow({ id: "cross_host_flow", registry });
  const source = flow.addRoutine(new DataSource(), "source");
  const processor = flow.addRoutine(new DataProcessor(), "processor");
  flow.connect(source.output, processor.input, { mapping: { data: "data" } });
  return flow;
}

test("C050 C243 C258 a flow's document is the design's example to the byte", () => {
  assertEquals(JSON.stringify(example()), EXAMPLE);
});

test("C260 C262 C370 everything that a flow can say is in its document, library keys sorted at every level", () => {
  const flow = new Flow({
    id: "whole",
    registry,
    executionStrategy: "concurrent",
    maxWorkers: 4,
    executionTimeoutMs: Infinity,
    errorHandler: new ErrorHandler({ strategy: "continue" }),
    limits: {
      steps: 1_000,
      outputs: 6,
      nodes: 300,
      log: 7,
      history: 5,
      highWater: 10,
      failures: 4,
      depth: 20,
      bytes: 2_000,
    },
  });
  flow.addRoutine(new Tail(), "tail");
  const head = flow.addRoutine(new Everything(), "head");
  head.setConfig({ zebra: 1, apple: { y: new Date(0), x: [1n] } });
  head.setErrorHandler(
    new ErrorHandler({
      strategy: "retry",
      maxRetries: 5,
      retryDelayMs: 10,
      retryBackoff: 3,
      maxRetryDelayMs: 1_000,
      jitter: 0.5,
      retryableErrors: ["TypeError", "Error"],
      isCritical: false,
    }),
  );
  flow.connect("head", "second", "tail", "input", { mapping: { b: "text" } });
  flow.connect("head", "first", "head", "alpha");
  const expected =
    '{"connections":[{"from":{"event":"second","routine":"head"},"mapping":{"b":"text"},"to":{"routine":"tail","slot":' +
    '"input"}},{"from":{"event":"first","routine":"head"},"to":{"routine":"head","slot":"alpha"}}],"errorHandler":' +
    '{"isCritical":true,"jitter":0.2,"maxRetries":3,"maxRetryDelayMs":3600000,"retryBackoff":2,"retryDelayMs":1000,' +
    '"strategy":"continue"},"executionStrategy":"concurrent","executionTimeoutMs":null,"format":"routilux/flow",' +
    '"id":"whole","limits":{"bytes":2000,"depth":20,"failures":4,"highWater":10,"history":5,"log":7,"nodes":300,' +
    '"outputs":6,"steps":1000},"maxWorkers":4,"routines":{"head":{"config":{"zebra":1,"apple":{"y":{"$type":"Date","value":' +
    '"1970-01-01T00:00:00.000Z"},"x":[{"$type":"bigint","value":"1"}]}},"errorHandler":{"isCritical":false,"jitter":0.5,' +
    '"maxRetries":5,"maxRetryDelayMs":1000,"retryBackoff":3,"retryDelayMs":10,"retryableErrors":["TypeError","Error"],' +
    '"strategy":"retry"},"events":{"first":{},"second":{"params":["b","a"]}},"fields":{"threshold":3,"labels":{"$type":' +
    '"Map","value":[["b",1],["a",2]]}},"slots":{"alpha":{"handler":{"function":"shout"}},"middle":{"handler":{"method":' +
    '"gather"},"merge":"append"},"number":{"merge":{"function":"total"}},"own":{"handler":{"method":"go"},"merge":' +
    '{"method":"fold"}},"zeta":{"handler":{"method":"go"},"timeoutMs":500}},"type":"Everything","version":1},"tail":' +
    '{"config":{},"events":{},"slots":{"input":{"handler":{"method":"take"}}},"type":"Tail","version":1}},"version":1}';
  assertEquals(JSON.stringify(flow), expected);
  assertEquals(JSON.stringify(Flow.fromJSON(JSON.parse(expected), registry)), expected);
});

test("C246 C267 an empty flow has a document", () => {
  const text =
    '{"connections":[],"executionStrategy":"sequential","executionTimeoutMs":null,"format":"routilux/flow",' +
    '"id":"empty","maxWorkers":1,"routines":{},"version":1}';
  assertEquals(JSON.stringify(new Flow({ id: "empty" })), text);
});

test("C268 a document without routines is a flow with its id and nothing else", () => {
  const text = JSON.stringify(new Flow({ id: "empty" }));
  const flow = Flow.fromJSON(JSON.parse(text), registry);
  assertEquals([flow.id, flow.routines.size, flow.connections.length], ["empty", 0, 0]);
});

test("the order in which routines, slots and events were added leaves no mark in the document", () => {
  const flow = new Flow({ id: "cross_host_flow", registry });
  flow.addRoutine(new DataProcessor(), "processor");
  flow.addRoutine(new DataSource(), "source");
  flow.connect("source", "output", "processor", "input", { mapping: { data: "data" } });
  assertEquals(JSON.stringify(flow), EXAMPLE);
});

test("connections keep the order in which they were made: deliveries follow it", () => {
  const flow = new Flow({ id: "order", registry });
  for (const id of ["a", "b"]) flow.addRoutine(new DataProcessor(), id);
  flow.addRoutine(new DataSource(), "source");
  flow.connect("source", "output", "b", "input");
  flow.connect("source", "output", "a", "input");
  const again = Flow.fromJSON(JSON.parse(JSON.stringify(flow)), registry);
  assertEquals(again.connections.map(({ to }) => to.routine), ["b", "a"]);
});

test("config and fields keep the user's order of keys", () => {
  const flow = new Flow({ id: "order", registry });
  flow.addRoutine(new Everything(), "head").setConfig({ zebra: 1 }).setConfig({ apple: { z: 1, a: { y: 1, b: 2 } } });
  const { head } = flow.toJSON().routines;
  assertEquals(JSON.stringify(head?.config), '{"zebra":1,"apple":{"z":1,"a":{"y":1,"b":2}}}');
  assertEquals(Object.keys(head?.fields ?? {}), ["threshold", "labels"]);
});

test("C092 C259 C265 C372 a flow's document is the same to the byte before, during and after its jobs, at any time", async () => {
  const { timers, engine } = createTestFlow();
  const flow = new Flow({ id: "cross_host_flow", registry, engine });
  flow.addRoutine(new DataSource(), "source");
  flow.addRoutine(new DataProcessor(), "processor");
  flow.connect("source", "output", "processor", "input", { mapping: { data: "data" } });
  const before = JSON.stringify(flow);
  const paused = flow.execute("source");
  const during = JSON.stringify(flow);
  await flow.pause(paused);
  await timers.advance(60_000);
  const completed = flow.execute("source");
  await timers.flush();
  assertEquals([paused.status, completed.status], ["paused", "completed"]);
  assertEquals([before, during, JSON.stringify(flow)], [EXAMPLE, EXAMPLE, EXAMPLE]);
  assertFalse("jobState" in flow);
});

test("every level of a document can be asked for its own JSON", () => {
  const flow = example();
  const document = flow.toJSON();
  assertEquals(flow.routine("source").toJSON(), document.routines["source"]);
  assertEquals(flow.connections.map((connection) => JSON.stringify(connection)), [
    JSON.stringify(document.connections[0]),
  ]);
});
