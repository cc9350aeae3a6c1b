import { test } from "node:test";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { type Context, Engine, ErrorHandler, Flow, Registry, Routine } from "../../mod.ts";
import type { Store } from "../../src/ports/mod.ts";
import { memoryStore } from "../../src/stores/memory_store.ts";
import { studio } from "../../src/studio/mod.ts";
import { duration, jsonOf } from "../../src/studio/pages/texts.ts";
import { manualIds, manualTimers } from "../../src/testing/mod.ts";
import { Approval, approvals } from "../support/approval.ts";
import { wrapStore } from "../support/wrapped_store.ts";
import { NOW, sampleJobs, sampleStudio, TOKEN } from "./sample_studio.ts";

/** A store some of whose calls are answered by the test. */
function changed(store: Store, changes: Partial<Store>): Store {
  return { ...wrapStore(store, (call) => call), ...changes };
}

test("durations are said in one or two words", () => {
  const [second, minute, hour] = [1_000, 60_000, 3_600_000];
  assertEquals(
    [
      5,
      1_500,
      10 * second,
      59_600,
      90 * second,
      9 * minute,
      12.5 * minute,
      90 * minute,
      3 * hour,
      15.5 * hour,
      47 * hour,
      49 * hour,
    ]
      .map(duration),
    ["5 ms", "1.5 s", "10 s", "1 min", "1 min 30 s", "9 min", "12 min", "1 h 30 min", "3 h", "15 h", "47 h", "2 days"],
  );
});

test("a value that is too long to be shown at once scrolls, also by the keyboard", () => {
  const tagOf = (value: unknown) => /<(code|pre)[^>]*>/.exec(jsonOf(value).text)?.[0];
  const scrolls = '<pre class="tall" role="group" aria-label="A long value" tabindex="0">';
  assertEquals(
    [{ a: 1 }, "x".repeat(300), "x".repeat(500), Array.from({ length: 40 }, (_, index) => index)].map(tagOf),
    ["<code>", "<pre>", scrolls, scrolls],
  );
});

test("over https the token's cookie is sent over https only", async () => {
  const engine = new Engine({ store: memoryStore(), registry: new Registry() });
  const response = await studio(engine)(new Request("https://localhost/"));
  assertMatch(response.headers.get("set-cookie") ?? "", /; SameSite=Strict; Secure$/);
});

test("acts without a reason, of jobs that are not there, and with odd bodies", async () => {
  const { act, get, json, work } = await sampleJobs();
  assertEquals((await act("/api/job/redrive?id=nobody")).status, 404);
  assertEquals((await act("/api/job/start?id=waits", { routine: "intake", slot: "trigger", tags: "x" })).status, 400);
  assertEquals((await act("/api/job/start?id=waits", { routine: "intake", slot: "gone" })).status, 400);
  const headers = { cookie: `routilux_studio=${TOKEN}`, "x-routilux-token": TOKEN, "content-type": "application/json" };
  const declared = { ...headers, "content-length": "2000000" };
  assertEquals((await get("/api/job/cancel?id=waits", { method: "POST", headers: declared, body: "{}" })).status, 413);
  const { "content-type": _type, ...bare } = headers;
  assertEquals((await get("/api/job/cancel?id=waits", { method: "POST", headers: bare })).status, 415);
  assertEquals((await act("/api/job/cancel?id=waits")).status, 202);
  await work();
  assertEquals((await json("/api/job?id=waits")).body.summary.error, "CancelledError: The job was cancelled");
  assertEquals((await get("/style.css", { method: "POST" })).status, 404);
  assertEquals((await get("/?status=&flow=")).status, 200);
  assertMatch((await json(`/api/job?id=${"x".repeat(200)}`)).body.error.message, /^There is no job "x{100}…"/);
});

test("a store that fails while something is asked of it: the outcome is unknown", async () => {
  const store = memoryStore();
  const failing = changed(store, { send: () => Promise.reject(new Error("secret")) });
  const { act, start, timers, store: _store } = sampleStudio({}, failing);
  await start("waits", ["tea"]);
  const asked = act("/api/job/pause?id=waits");
  for (let step = 0; step < 40; step++) await timers.advance(60_000);
  const { body, status } = await asked;
  assertEquals([status, /secret/.test(body.error.message)], [503, false]);
  assertMatch(body.error.message, /may be stored or not/);
});

test("a store that fails while a job is started in it", async () => {
  const store = memoryStore();
  let isFailing = false;
  const failing = changed(store, {
    create: (jobs) => isFailing ? Promise.reject(new Error("secret")) : store.create(jobs),
  });
  const { act, start, timers } = sampleStudio({}, failing);
  await start("waits", ["tea"]);
  isFailing = true;
  const asked = act("/api/job/start?id=waits", { routine: "intake", slot: "trigger" });
  for (let step = 0; step < 40; step++) await timers.advance(60_000);
  assertEquals(await asked, {
    status: 503,
    body: { error: { status: 503, message: "The store has failed; try again later" } },
  });
});

test("a job whose stored texts are damaged says so, and nothing of them", async () => {
  const store = memoryStore();
  const damaged = changed(store, {
    load: async (id) => {
      const stored = await store.load(id);
      return stored && { ...stored, snapshot: stored.snapshot.replace('"routilux/job"', '"secret"') };
    },
  });
  const { json } = await sampleJobs({}, damaged);
  assertEquals(await json("/api/job/summary?id=completes"), {
    status: 500,
    body: { error: { status: 500, message: "What the store has of this job cannot be read" } },
  });
});

test("a command that was refused is told with the reason", async () => {
  const store = memoryStore();
  const refusing = changed(store, { outcome: () => ({ status: "refused", reason: "its slot is <gone>" }) });
  const { get } = await sampleJobs({}, refusing);
  const page = await (await get("/job?id=waits&asked=deliver&key=k")).text();
  assertMatch(page, /The delivery was refused: its slot is &#60;gone&#62;/);
});

test("with very many jobs only the oldest are counted by their holders, and that is said", async () => {
  const { flow, get, json } = sampleStudio();
  await flow.startMany("intake", Array.from({ length: 2_100 }, () => ({})));
  const { isWhole, queues } = (await json("/api/workers")).body;
  assertEquals([isWhole, queues[0].pending], [false, 2_000]);
  assertMatch(await (await get("/workers")).text(), /only the oldest that have not ended are counted/);
  assertMatch(await (await get("/?order=oldest")).text(), /due since <time/);
});

test("a stream of a job that is deleted ends, and one of the list goes on", async () => {
  const { engine, flow, get, timers } = await sampleJobs();
  const [job, list] = [await get("/api/job/events?id=fails"), await get("/api/events")];
  const [ofJob, ofList] = [job, list].map(({ body }) => body?.pipeThrough(new TextDecoderStream()).getReader());
  const next = async (reader: typeof ofJob): Promise<string> => {
    let answer: { readonly value?: string | undefined } | undefined;
    reader?.read().then((it) => answer = it);
    for (let step = 0; step < 400 && answer === undefined; step++) await timers.advance(50);
    return answer?.value ?? "end";
  };
  assertEquals([await next(ofJob), await next(ofList)], [": open\n\n", ": open\n\n"]);
  await engine.delete("fails");
  assertEquals([await next(ofJob), await next(ofJob)], ["event: change\ndata: {}\n\n", "end"]);
  for (let count = 0; count < 2; count++) {
    await flow.start("intake", {});
    assertEquals(await next(ofList), "event: change\ndata: {}\n\n");
  }
  await ofList?.cancel();
});

test("a stream that nobody reads any more is given up with its request", async () => {
  const { get, json } = await sampleJobs();
  const gone = new AbortController();
  for (let count = 0; count < 200; count++) await get("/api/job/events?id=fails", { signal: gone.signal });
  assertEquals((await json("/api/job/events?id=fails")).status, 503);
  gone.abort();
  const { status, body } = await get("/api/job/events?id=fails");
  assertEquals(status, 200);
  await body?.cancel();
});

/** Fails at first. */
class Shaky extends Routine {
  readonly trigger = this.addSlot("trigger", this.send);
  send(_data: unknown, _ctx: Context): void {
    throw new Error("no line");
  }
}

test("the page of a job shows deadlines with what comes then, attempts, priority and the parent", async () => {
  const registry = approvals();
  registry.register({ Shaky });
  const store = memoryStore();
  const timers = manualTimers(NOW);
  const engine = new Engine({ store, registry, timers, ids: manualIds() });
  const flow = new Flow({ id: "corners", registry, engine });
  const approval = flow.addRoutine(new Approval(), "approval");
  const shaky = flow.addRoutine(new Shaky(), "shaky");
  shaky.setErrorHandler(new ErrorHandler({ strategy: "retry", retryDelayMs: 60_000 }));
  await flow.start(approval.trigger, {}, { jobId: "asks", priority: "low" });
  await flow.start(shaky.trigger, {}, { jobId: "tries" });
  const { jobs } = await engine.recover();
  for (const { flow, job } of jobs) await flow.settle(job);
  const stored = await store.load("asks");
  assert(stored !== undefined);
  const { flow: text, record, snapshot } = stored;
  await store.create([{
    ...record,
    ...{ jobId: "child", parentId: "asks", token: "t", flow: text, claim: undefined },
    snapshot: snapshot.replaceAll('"asks"', '"child"'),
  }]);
  const answer = studio(engine);
  const at = async (id: string) => await (await answer(new Request(`http://localhost/job?id=${id}`))).text();
  assertMatch(await at("asks"), /, then escalation<.*<dd>low<|<dd>low<.*, then escalation</s);
  assertMatch(await at("tries"), /<td class="number">1<\/td>/);
  assertMatch(await at("child"), /Started by<\/dt>\s*<dd><a href="\/job\?id=asks">asks</);
});

test("one difference is not several", async () => {
  const { form, get, work, json } = await sampleJobs();
  await form("/job/pause?id=waits", {});
  await work();
  const { revisions } = (await json("/api/job/revisions?id=waits")).body;
  const last = revisions.at(-1).revision;
  assertMatch(await (await get(`/job/differences?id=waits&from=${last - 1}&to=${last}`)).text(), /\d differences?</);
  const target = await form("/job/deliver?id=waits", { to: "5" });
  assertEquals(target.status, 400);
});

test("a failure without data can be redriven with some", async () => {
  const { get, start, timers, work } = sampleStudio();
  await start("late", ["tea"]);
  await timers.setClock(timers.now() + 8 * 86_400_000);
  await work();
  const page = await (await get("/job/redrive?id=late")).text();
  assertMatch(
    page,
    /TimeoutError: .*<textarea id="data-\d+" name="data\/\d+" rows="3" spellcheck="false">\s*\{\}<\/textarea>/s,
  );
});
