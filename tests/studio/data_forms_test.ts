import { test } from "node:test";
import { assert, assertEquals, assertMatch } from "@std/assert";
import * as v from "valibot";
import { type Context, Engine, Flow, Registry, Routine } from "../../mod.ts";
import { memoryStore } from "../../src/stores/memory_store.ts";
import { studio } from "../../src/studio/mod.ts";
import { manualIds, manualTimers } from "../../src/testing/mod.ts";
import { HOSTILE_TEXTS } from "../support/hostile_texts.ts";
import { described, PAYMENT } from "./described_schema.ts";
import { textAt, textOf } from "./page_text.ts";
import { NOW, ORIGIN, sampleJobs, TOKEN } from "./sample_studio.ts";

/** A studio with a job that waits for the answer of a schema. */
async function askingStudio(schema: v.GenericSchema | undefined) {
  const got: unknown[] = [];
  class Cashier extends Routine {
    readonly trigger = this.addSlot("trigger", this.ask);
    readonly paid = this.addSlot("paid", this.book, schema === undefined ? {} : { schema });
    ask(_params: unknown, ctx: Context): void {
      ctx.expect(this.paid);
    }
    book(data: unknown): void {
      got.push(data);
    }
  }
  const registry = new Registry({ Cashier });
  const store = memoryStore();
  const engine = new Engine({ store, registry, timers: manualTimers(NOW), ids: manualIds() });
  const flow = new Flow({ id: "payments", registry, engine });
  await flow.start(flow.addRoutine(new Cashier(), "cashier"), {}, { jobId: "j" });
  const work = async () => {
    const { jobs } = await engine.recover();
    for (const { flow, job } of jobs) await flow.settle(job);
  };
  await work();
  const answer = studio(engine);
  const get = (path: string, init?: RequestInit) => answer(new Request(`${ORIGIN}${path}`, init));
  const send = async (fields: Readonly<Record<string, string>>) =>
    await get("/job/deliver?id=j", {
      method: "POST",
      body: new URLSearchParams({ token: TOKEN, to: '["cashier","paid"]', ...fields }).toString(),
      headers: { "content-type": "application/x-www-form-urlencoded", cookie: `routilux_studio=${TOKEN}` },
    });
  return { get, got, send, store, work };
}

test("the answer's form has the fields that the slot's schema says, and delivers what they are filled in with", async () => {
  const { get, got, send, work } = await askingStudio(PAYMENT);
  const page = await (await get("/job?id=j")).text();
  assertMatch(
    textOf(page),
    /Amount in euros count \(may be left empty\) by kind \(may be left empty\) – cash card isFinal \(may be left empty\) – true false address where to city zip tags \(may be left empty\) Deliver/,
  );
  assertMatch(page, /name="data\/amount" value="" autocomplete="off" inputmode="decimal"/);
  assertMatch(page, /name="data\/count" value="1"/);
  const filled = {
    "data/amount": "7.5",
    "data/count": "",
    "data/by": "ada",
    "data/kind": '"card"',
    "data/isFinal": "false",
    "data/address/city": "Ulm",
    "data/tags": '["a"]',
  };
  assertEquals((await send(filled)).status, 303);
  await work();
  const address = { city: "Ulm", zip: "" };
  assertEquals(got, [{ amount: 7.5, by: "ada", kind: "card", isFinal: false, address, tags: ["a"] }]);
});

test("a group that may be missing is, when nothing in it is filled in; and so are fields", async () => {
  const { got, send, work } = await askingStudio(PAYMENT);
  assertEquals((await send({ "data/amount": "1" })).status, 303);
  await work();
  assertEquals(got, [{ amount: 1, by: "" }]);
});

test("what is wrong is said at its field, what was filled in stays, and nothing is delivered", async () => {
  const { get, send, store } = await askingStudio(PAYMENT);
  const tell = async (fields: Readonly<Record<string, string>>) => {
    const response = await send(fields);
    assertEquals(response.status, 422);
    return await response.text();
  };
  const wrong = await tell({
    "data/count": "1.5",
    "data/by": "<ada>",
    "data/kind": '"stolen"',
    "data/tags": "a, b",
  });
  assertMatch(
    textOf(wrong),
    /Nothing was delivered: .* Amount in euros is missing count .* must be a whole number by kind .* must be one of the choices isFinal .* tags \(may be left empty\) a, b is no JSON/,
  );
  assertMatch(wrong, /value="&#60;ada&#62;"/);
  assertEquals(wrong.match(/aria-invalid="true" aria-describedby="(data-\d)-problem"/g)?.length, 4);
  assertMatch(textOf(await tell({ "data/amount": "much" })), /Amount in euros must be a number/);
  // By the schema itself: also for JSON, and in groups.
  assertMatch(textOf(await tell({ "data/amount": "0" })), /Amount in euros is too little count/);
  const inGroup = await tell({ "data/amount": "2", "data/address/city": "U" });
  assertMatch(inGroup, /name="data\/address\/city" aria-invalid="true" .* value="U"/);
  assertMatch(textOf(inGroup), /address where to city is too short zip/);
  assertMatch(textOf(await tell({ "data/amount": "2", "data/tags": "[1]" })), /tags .*\[1\] 0 Invalid type/);
  assertMatch(
    textOf(await tell({ data: '{"amount":0,"by":"ada"}' })),
    /as JSON \{"amount":0,"by":"ada"\} amount is too little/,
  );
  assertEquals((await store.find("j"))?.sent, 0);
  // A slot without a schema, and one that there is not.
  assertMatch(
    await textAt({ get }, '/job/deliver?id=j&to=["cashier","trigger"]'),
    /Deliver to cashier · trigger Data, as JSON/,
  );
  assertMatch(await textAt({ get }, '/job/deliver?id=j&to=["cashier","gone"]'), /Data, as JSON/);
  assertEquals((await send({ to: '["cashier","gone"]', data: "{}" })).status, 400);
});

test("fields may have but one choice, all be optional, and be filled in at first with what the schema says", async () => {
  const json = {
    type: "object",
    properties: {
      kind: { const: "gift" },
      color: { enum: ["red", 5], default: 5 },
      note: { type: "string", default: "for you" },
      more: { default: { a: [1] } },
    },
  };
  const { get, got, send, work } = await askingStudio(described(v.any(), json));
  const page = await (await get("/job?id=j")).text();
  assertMatch(page, /<option value="&#34;gift&#34;">gift<\/option>/);
  assertMatch(page, /<option value="5" selected>5<\/option>/);
  assertMatch(page, /name="data\/note" value="for you"/);
  assertMatch(textOf(page), /more \(may be left empty\) \{ "a": \[ 1 \] \} Deliver/);
  assertEquals((await send({ "data/color": "5" })).status, 303);
  await work();
  assertEquals(got, [{ color: 5 }]);
});

test("issues may name their places by keys alone, and belong to the whole", async () => {
  const schema = {
    "~standard": {
      ...PAYMENT["~standard"],
      validate: () => ({ issues: [{ message: "is odd", path: ["by"] }, { message: "is late" }] }),
    },
  };
  const { send } = await askingStudio({ ...PAYMENT, ...schema });
  const text = textOf(await (await send({ "data/amount": "5", "data/by": "ada" })).text());
  assertMatch(text, /something is wrong with the data\. is late Amount .* by is odd kind/);
});

test("data that is no object has one field", async () => {
  const { got, send, work } = await askingStudio(
    described(v.picklist(["yes", "no"]), { enum: ["yes", "no"], title: "Agreed?" }),
  );
  assertMatch(textOf(await (await send({})).text()), /Agreed\? choose yes no is missing/);
  assertMatch(textOf(await (await send({ data: "no" })).text()), /is no JSON/);
  assertEquals((await send({ data: '"no"' })).status, 303);
  await work();
  assertEquals(got, ["no"]);
});

test("data is written as JSON where the schema says nothing that a form can be made of", async () => {
  const deep = Array.from({ length: 6 }).reduce(
    (inner: object) => ({ type: "object", properties: { it: inner }, required: ["it"] }),
    { type: "string" },
  );
  const many = Object.fromEntries(Array.from({ length: 60 }, (_, n) => [`field ${n}`, { type: "string" }]));
  for (
    const json of [
      undefined,
      5,
      new Error("it cannot be said"),
      {},
      { type: "array" },
      { type: "object" },
      { type: "object", properties: {} },
      { type: "object", properties: { a: { type: "string" } }, additionalProperties: { type: "string" } },
      { type: "object", properties: many },
      { enum: Array.from({ length: 101 }, (_, n) => n) },
    ]
  ) {
    const { get } = await askingStudio(described(v.any(), json));
    assertMatch(await textAt({ get }, "/job?id=j"), /asked now Data, as JSON \{\} Deliver/);
  }
  const { get } = await askingStudio(described(v.any(), deep));
  assertMatch(await textAt({ get }, "/job?id=j"), /asked now it it it it Deliver/);
  const plain = await askingStudio(v.object({ a: v.string() }));
  assertMatch(await textAt(plain, "/job?id=j"), /asked now Data, as JSON \{\} Deliver/);
  assertMatch(textOf(await (await plain.send({ data: "{}" })).text()), /a Invalid key/);
});

test("a form of an older schema is refused", async () => {
  const { send, store } = await askingStudio(PAYMENT);
  for (const names of [{ "data/sum": "5" }, { "data/amount": "5", "data/by/name": "x" }]) {
    const response = await send(names);
    assertEquals(response.status, 409);
    assertMatch(textOf(await response.text()), /The form is old: load the page again/);
  }
  assertEquals((await store.find("j"))?.sent, 0);
});

test("whatever a schema calls its fields, they come through, and nothing of it becomes part of the page", async () => {
  const names = HOSTILE_TEXTS.filter((it) => it !== "__proto__");
  const json = {
    type: "object",
    properties: Object.fromEntries(names.map((it) => [it, { type: "string", title: it, description: it }])),
  };
  const { get, got, send, work } = await askingStudio(described(v.any(), json));
  const page = await (await get("/job?id=j")).text();
  assert(!/<(?!\/?[a-z0-9]+[\s>]|!DOCTYPE)/.test(page), "a text has become markup");
  assertEquals(/<script>|<img|onerror="/.test(page), false);
  const fields = Array.from(
    page.matchAll(/ name="(data\/[^"]*)"/g),
    ([, name = ""]) => name.replace(/&#(\d+);/g, (_, code) => String.fromCodePoint(Number(code))),
  );
  assertEquals(fields.length, names.length);
  assertEquals((await send(Object.fromEntries(fields.map((it, index) => [it, `number ${index}`])))).status, 303);
  await work();
  assertEquals(got, [Object.fromEntries(names.map((it, index) => [it, `number ${index}`]))]);
});

test("the form to any slot is for those who may act, and for jobs that are there", async () => {
  const { get } = await sampleJobs();
  const to = encodeURIComponent('["payment","paid"]');
  assertMatch(
    await textAt({ get }, `/job/deliver?id=waits&to=${to}`),
    /Jobs \/ waits Deliver to payment · paid Data, as JSON \{\} Deliver/,
  );
  assertEquals((await get(`/job/deliver?id=nobody&to=${to}`)).status, 404);
  assertEquals((await get("/job/deliver?id=waits")).status, 400);
  const reader = await sampleJobs({ authorize: () => "read" });
  assertEquals((await reader.get(`/job/deliver?id=waits&to=${to}`)).status, 403);
});

test("no field must be filled in where a schema names none that must", async () => {
  const json = { type: "object", properties: { by: { type: "string" } } };
  for (const required of [[], true]) {
    const { got, send, work } = await askingStudio(described(v.any(), { ...json, required }));
    assertEquals((await send({ "data/by": "" })).status, 303);
    await work();
    assertEquals(got, [{}]);
  }
});
