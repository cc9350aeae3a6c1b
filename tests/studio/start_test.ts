import { test } from "node:test";
import { assert, assertEquals, assertMatch } from "@std/assert";
import * as v from "valibot";
import { type Context, Engine, Flow, Registry, Routine } from "../../mod.ts";
import { memoryStore } from "../../src/stores/memory_store.ts";
import { studio, type StudioOptions } from "../../src/studio/mod.ts";
import { manualIds, manualTimers } from "../../src/testing/mod.ts";
import { HOSTILE_TEXTS } from "../support/hostile_texts.ts";
import { PAYMENT } from "./described_schema.ts";
import { textAt, textOf } from "./page_text.ts";
import { NOW, ORIGIN, sampleJobs, TOKEN } from "./sample_studio.ts";

class Cashier extends Routine {
  readonly trigger = this.addSlot("trigger", this.open, { schema: PAYMENT });
  readonly note = this.addSlot("note", this.write);
  open(params: unknown, ctx: Context): void {
    ctx.output("opened", params);
  }
  write(data: unknown, ctx: Context): void {
    ctx.output("noted", data);
  }
}
class Strict extends Routine {
  readonly trigger = this.addSlot("trigger", this.run, { schema: v.object({ a: v.pipe(v.number(), v.minValue(3)) }) });
  run(): void {}
}

const HEADERS = { cookie: `routilux_studio=${TOKEN}`, "x-routilux-token": TOKEN };

/** A studio that was given a flow of another engine; its store has no job. */
function givenStudio(options: StudioOptions = {}) {
  const registry = new Registry({ Cashier, Strict });
  const elsewhere = new Flow({ id: "payments", registry, engine: new Engine({ registry }) });
  elsewhere.addRoutine(new Cashier(), "cashier");
  const strict = new Flow({ id: "strict", registry });
  strict.addRoutine(new Strict(), "strict");
  const store = memoryStore();
  const engine = new Engine({ store, registry, timers: manualTimers(NOW), ids: manualIds() });
  const answer = studio(engine, { flows: [elsewhere, strict], ...options });
  const get = (path: string, init?: RequestInit) => answer(new Request(`${ORIGIN}${path}`, init));
  const send = (fields: Readonly<Record<string, string>>, path = "/start?flow=payments") =>
    get(path, {
      method: "POST",
      body: new URLSearchParams({ token: TOKEN, to: '["cashier","trigger"]', ...fields }).toString(),
      headers: { "content-type": "application/x-www-form-urlencoded", cookie: HEADERS.cookie },
    });
  const act = async (path: string, body: unknown) => {
    const headers = { ...HEADERS, "content-type": "application/json" };
    const response = await get(path, { method: "POST", body: JSON.stringify(body), headers });
    return { status: response.status, body: await response.json() };
  };
  const work = async () => {
    const { jobs } = await engine.recover();
    for (const { flow, job } of jobs) await flow.settle(job);
  };
  return { act, engine, get, send, store, strict, work };
}

test("a job of a flow that was given is started by a form with the fields of its slot's schema, and its labels", async () => {
  const { get, send, store, work } = givenStudio();
  assertMatch(await textAt({ get }, "/"), /Jobs Start a job/);
  assertMatch(
    await textAt({ get }, "/start"),
    /Start a job Flow Begins at payments cashier · trigger , cashier · note strict strict · trigger/,
  );
  assertMatch(
    await textAt({ get }, "/start?flow=payments"),
    /Start a job of payments Where it begins cashier · trigger cashier · note Change Params Amount in euros count .* Id of the job Queue Priority high normal low When it begins, in UTC At once, if this is left empty Tags, one in each line Start the job/,
  );
  const page = await (await get("/start?flow=payments")).text();
  assertMatch(page, /<option value="&#34;normal&#34;" selected>normal/);
  assertMatch(page, /type="datetime-local" step="1" value=""/);
  const response = await send({
    "data/params/amount": "7.5",
    "data/params/by": "ada",
    "data/jobId": "p-1",
    "data/queue": "slow",
    "data/priority": '"high"',
    "data/at": "2026-02-01T08:30",
    "data/tags": "team = sales\r\n\r\nregion=a=b\r\n",
  });
  assertEquals([response.status, response.headers.get("location")], [303, "/job?id=p-1&asked=start"]);
  const record = await store.find("p-1");
  assertEquals([record?.queue, record?.priority, record?.dueAt], ["slow", 0, Date.UTC(2026, 1, 1, 8, 30)]);
  assertEquals(record?.tags, { team: "sales", region: "a=b" });
  const other = await send({ "data/params/amount": "1", "data/priority": '"normal"' });
  const id = new URL(other.headers.get("location") ?? "", ORIGIN).searchParams.get("id") ?? "";
  await work();
  const { outputLog } = await (await get(`/api/job/document?id=${encodeURIComponent(id)}`)).json();
  assertEquals(outputLog[0].data, { amount: 1, by: "" });
});

test("a slot of the flow is chosen, and one without a schema takes JSON", async () => {
  const { get, send, work } = givenStudio();
  const to = '["cashier","note"]';
  const page = await (await get(`/start?flow=payments&to=${encodeURIComponent(to)}`)).text();
  assertMatch(page, /&#34;note&#34;\]" selected>cashier · note/);
  assertMatch(textOf(page), /Params, as JSON \{\} Id of the job/);
  assertEquals(
    (await send({ to, "data/params": '{"a":[1]}', "data/jobId": "n", "data/priority": '"low"' })).status,
    303,
  );
  await work();
  const { outputLog } = await (await get("/api/job/document?id=n")).json();
  assertEquals(outputLog[0].data, { a: [1] });
});

test("what is wrong with a start is said at its field, what was filled in stays, and no job is stored", async () => {
  const { get, send, store } = givenStudio();
  const tell = async (fields: Readonly<Record<string, string>>, path?: string) => {
    const response = await send(fields, path);
    assertEquals(response.status, 422);
    return await response.text();
  };
  const wrong = await tell({
    "data/params/by": "<ada>",
    "data/queue": "constructor",
    "data/priority": '"urgent"',
    "data/at": "tomorrow",
    "data/jobId": "é".repeat(600),
  });
  const text = textOf(wrong);
  assertMatch(
    text,
    /No job was started: .* Amount in euros is missing .* Priority high normal low must be one of the choices/,
  );
  assertMatch(
    text,
    /When it begins, in UTC At once, if this is left empty must be an instant such as 2026-01-31T12:00/,
  );
  assertMatch(wrong, /value="&#60;ada&#62;"/);
  const good = { "data/params/amount": "5", "data/priority": '"normal"' };
  const labels = textOf(
    await tell({ ...good, "data/queue": "constructor", "data/jobId": "é".repeat(600), "data/tags": "sales\n=x\nb=\n" }),
  );
  assertMatch(labels, /Id of the job must have at most 1024 bytes of UTF-8, it has 1200/);
  assertMatch(labels, /Queue must be a non-empty string \(and none of __proto__/);
  assertMatch(labels, /"sales" is no NAME=VALUE; "=x" is no NAME=VALUE; must be a non-empty string/);
  // By the schema itself, by the encoder, and by the store.
  const tooLittle = await tell({ ...good, "data/params/amount": "0" });
  assertMatch(tooLittle, /name="data\/params\/amount" aria-invalid="true"/);
  assertMatch(textOf(tooLittle), /Amount in euros is too little/);
  assertMatch(
    textOf(await tell({ ...good, "data/params/address/city": "U" })),
    /address where to city is too short zip/,
  );
  const note = { to: '["cashier","note"]', "data/priority": '"normal"' };
  assertMatch(textOf(await tell({ ...note, "data/params": '{"$type":"Date"}' })), /Params, as JSON .* params/);
  assertMatch(
    textOf(await tell({ ...note, "data/params": "{a}" })),
    /Params, as JSON \{a\} is no JSON: texts stand in double/,
  );
  const strict = { to: '["strict","trigger"]', "data/priority": '"normal"', "data/params": '{"a":1}' };
  assertMatch(textOf(await tell(strict, "/start?flow=strict")), /Params, as JSON \{"a":1\} a Invalid value/);
  assertEquals(await store.count({}), 0);
  assertEquals((await send({ ...good, "data/jobId": "p" })).status, 303);
  assertMatch(
    textOf(await tell({ ...good, "data/jobId": "p" })),
    /Id of the job is taken: the store has a job of this id/,
  );
  assertEquals(await store.count({}), 1);
  assertEquals((await get("/start?flow=payments&to=[]")).status, 400);
});

test("another job like one starts with what that began with, as far as its journal and the form know it", async () => {
  const { engine, get, send } = givenStudio();
  await send({
    "data/params/amount": "7.5",
    "data/params/by": "ada",
    "data/jobId": "first",
    "data/queue": "slow",
    "data/priority": '"low"',
    "data/tags": "team=sales",
  });
  const path = "/start?job=first";
  const page = await (await get(path)).text();
  assertMatch(await textAt({ get }, "/job?id=first"), /Start another job like this one/);
  assertMatch(page, /name="data\/params\/amount" value="7.5"/);
  // What was left out is not filled in by what the schema says at first.
  assertMatch(page, /name="data\/params\/count" value="" /);
  assertMatch(page, /name="data\/queue" value="slow"/);
  assertMatch(page, /<option value="&#34;low&#34;" selected>/);
  assertMatch(page, /team=sales<\/textarea>/);
  assertMatch(page, /name="data\/jobId" value=""/);
  // Another slot has other params.
  const note = await (await get(`${path}&to=${encodeURIComponent('["cashier","note"]')}`)).text();
  assertMatch(note, /name="data\/params"[^>]*>\n\{\}<\/textarea>/);
  assertMatch(note, /name="data\/queue" value="slow"/);
  // Params that the fields cannot say.
  const flow = await engine.open("first");
  await flow.flow.start(flow.flow.slot("cashier", "trigger"), { amount: 1, by: "x", more: true }, { jobId: "odd" });
  assertMatch(await (await get("/start?job=odd")).text(), /name="data\/params\/amount" value="" /);
  const sent = await send({ "data/params/amount": "2", "data/priority": '"low"', "data/jobId": "second" }, path);
  assertEquals(sent.headers.get("location"), "/job?id=second&asked=start");
});

test("the API lists flows with the JSON Schemas of their slots, and starts jobs of them", async () => {
  const { act, get, store } = givenStudio();
  const { flows } = await (await get("/api/flows")).json();
  assertEquals(flows.map(({ flowId }: Record<string, unknown>) => flowId), ["payments", "strict"]);
  assertEquals(flows[0].entries[0].params.properties.amount.title, "Amount");
  assertEquals(flows[0].entries[1], { routine: "cashier", slot: "note" });
  const body = { routine: "cashier", slot: "trigger", params: { amount: 2, by: "ada" } };
  const at = "2026-02-01T08:30:00Z";
  const started = await act("/api/flow/start?id=payments", {
    ...{ ...body, jobId: "a", queue: "q", priority: "high", at, tags: { a: "b" } },
  });
  assertEquals(started, { status: 201, body: { act: "start", jobId: "a", outcome: "done" } });
  const record = await store.find("a");
  assertEquals([record?.priority, record?.dueAt, record?.tags], [0, Date.parse(at), { a: "b" }]);
  assertEquals((await act("/api/job/start?id=a", { ...body, jobId: "b", priority: "low" })).status, 201);
  assertEquals((await store.find("b"))?.priority, 2);
  for (
    const [path, more, status, message] of [
      ["flow/start?id=nobody", {}, 404, /^Nothing is known of a flow "nobody"/],
      ["flow/start", {}, 400, /^id is missing/],
      ["flow/start?id=payments", { priority: "urgent" }, 400, /^priority must be one of high, normal, low/],
      ["flow/start?id=payments", { at: "soon" }, 400, /^at must be an instant such as/],
      ["flow/start?id=payments", { at: 5 }, 400, /^at must be a text/],
      ["flow/start?id=payments", { slot: "gone" }, 400, /has no slot "gone"/],
      ["flow/start?id=payments", { params: { amount: 0, by: "" } }, 400, /amount: is too little/],
      ["flow/start?id=payments", { jobId: "a" }, 409, /there is one already/],
      ["flow/start?id=payments", { maxRetries: 1 }, 400, /^Nothing is known of "maxRetries"/],
    ] as const
  ) {
    const answer = await act(`/api/${path}`, { ...body, ...more });
    assertEquals([path, more, answer.status], [path, more, status]);
    assertMatch(answer.body.error.message, message);
  }
});

test("starts are for those who may act, with a token, and for flows that can be built", async () => {
  const reader = givenStudio({ authorize: () => "read" });
  for (const path of ["/start", "/start?flow=payments"]) assertEquals((await reader.get(path)).status, 403);
  assertEquals(/Start a job/.test(await textAt(reader, "/")), false);
  assertEquals((await reader.send({ "data/params/amount": "1" })).status, 403);
  const start = { routine: "cashier", slot: "trigger", params: { amount: 1, by: "" } };
  assertEquals((await reader.act("/api/flow/start?id=payments", start)).status, 403);
  assertEquals((await reader.get("/api/flows")).status, 200);
  const { get, send, store } = givenStudio();
  assertEquals((await send({ token: "b".repeat(64), "data/params/amount": "1" })).status, 403);
  assertEquals(await store.count({}), 0);
  assertEquals((await get("/start?flow=nobody")).status, 404);
  assertEquals((await get(`/start?flow=payments&to=${encodeURIComponent('["cashier","gone"]')}`)).status, 404);
  assertEquals((await get("/start?job=nobody")).status, 404);
  assertEquals((await send({ "data/sum": "1" })).status, 409);
  assertMatch(
    await textAt({ get: (path) => studioOf()(new Request(`${ORIGIN}${path}`)) }, "/start"),
    /No flow is known here/,
  );

  function studioOf() {
    return studio(new Engine({ store: memoryStore(), registry: new Registry() }));
  }
});

test("flows of the store's jobs are listed, also those whose classes are missing here", async () => {
  const { store, get } = await sampleJobs();
  assertMatch(
    await textAt({ get }, "/start"),
    /orders intake · trigger , payment · reserved , payment · paid , stock · item/,
  );
  const answer = studio(new Engine({ store, registry: new Registry(), timers: manualTimers(NOW) }));
  const look = (path: string) => answer(new Request(`${ORIGIN}${path}`));
  assertMatch(
    await textAt({ get: look }, "/start"),
    /orders cannot be built here: the classes that it names are not in/,
  );
  assertMatch(textOf(await (await look("/start?flow=orders")).text()), /409 .* cannot be built here/);
  const { flows } = await (await look("/api/flows")).json();
  assertEquals(flows, [{
    ...{ flowId: "orders", entries: [], reason: "the classes that it names are not in the engine's registry" },
  }]);
});

test("a flow and its jobs may be called anything", async () => {
  for (const id of HOSTILE_TEXTS.filter((it) => it.isWellFormed() && it !== "__proto__")) {
    const registry = new Registry({ Cashier });
    const flow = new Flow({ id, registry });
    flow.addRoutine(new Cashier(), id);
    const engine = new Engine({ store: memoryStore(), registry, timers: manualTimers(NOW) });
    const answer = studio(engine, { flows: [flow] });
    const get = (path: string) => answer(new Request(`${ORIGIN}${path}`));
    const listed = await (await get("/start")).text();
    const [link = ""] = /\/start\?flow=[^"]*&#38;to=[^"]*/.exec(listed) ?? [];
    const response = await get(link.replaceAll("&#38;", "&"));
    assertEquals([id, response.status], [id, 200]);
    const page = await response.text();
    assert(!/<(?!\/?[a-z0-9]+[\s>]|!DOCTYPE)/.test(page), id);
  }
});

test("a flow that cannot travel is listed with the reason", async () => {
  class Local extends Routine {
    readonly trigger = this.addSlot("trigger", () => {});
  }
  const registry = new Registry({ Local });
  const flow = new Flow({ id: "local", registry });
  flow.addRoutine(new Local(), "local");
  const answer = studio(new Engine({ store: memoryStore(), registry }), { flows: [flow] });
  const get = (path: string) => answer(new Request(`${ORIGIN}${path}`));
  assertMatch(
    await textAt({ get }, "/start"),
    /local cannot be built here: Cannot serialize the handler of slot "trigger"/,
  );
  assertMatch(
    textOf(await (await get("/start?flow=local")).text()),
    /409 .* cannot be built here: Cannot serialize the handler/,
  );
});

test("a start that an engine refuses that is closed, flows that are no flows here, and jobs whose beginning is not known", async () => {
  const { engine, get, send } = givenStudio();
  assertMatch(
    textOf(await (await get(`/start?flow=${"x".repeat(200)}`)).text()),
    /Nothing is known of a flow "x{100}…"/,
  );
  const good = { "data/params/amount": "5", "data/priority": '"normal"' };
  assertEquals((await send({ ...good, "data/jobId": "j" })).status, 303);
  const { flow } = await engine.open("j");
  // Without params, and by a fork, which begins in the middle.
  await flow.start(flow.slot("cashier", "note"), {}, { jobId: "bare" });
  assertMatch(await textAt({ get }, "/start?job=bare"), /Params, as JSON \{\} Id of the job/);
  await engine.close();
  const failed = await send({ ...good, "data/jobId": "other" });
  assertEquals([failed.status >= 400, (await failed.text()).includes("aria-invalid")], [true, false]);
  const registry = new Registry();
  const broken = Object.assign(new Flow({ id: "broken", registry }), {
    toJSON() {
      throw new Error("/home/secret");
    },
  });
  const answer = studio(new Engine({ store: memoryStore(), registry }), {
    flows: [broken, new Flow({ id: "empty", registry })],
  });
  const look = (path: string) => answer(new Request(`${ORIGIN}${path}`));
  assertMatch(await textAt({ get: look }, "/start"), /broken cannot be built here: the classes that it names .* empty/);
  assertMatch(textOf(await (await look("/start?flow=empty")).text()), /No job can begin in this flow: it has no slot/);
});

test("a job that goes on from the middle of another is no example for the params of a third", async () => {
  const sample = await sampleJobs();
  assertEquals((await sample.form("/job/fork?id=waits", { revision: "2", jobId: "forked" })).status, 303);
  const page = await (await sample.get("/start?job=forked")).text();
  assertMatch(page, /name="data\/params"[^>]*>\n\{\}<\/textarea>/);
});
