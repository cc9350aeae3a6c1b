import { test } from "node:test";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { type Context, Engine, ErrorHandler, Flow, Registry, Routine } from "../../mod.ts";
import { memoryStore } from "../../src/stores/memory_store.ts";
import { studio, type StudioOptions } from "../../src/studio/mod.ts";
import { manualIds, type ManualTimers, manualTimers } from "../../src/testing/mod.ts";
import { textAt, textOf } from "./page_text.ts";
import { NOW, ORIGIN, TOKEN } from "./sample_studio.ts";

/** A studio with a job of which so many tasks have failed; what they are given is kept. */
async function failedStudio(count: number, options: StudioOptions = {}, dataOf = (n: number): object => ({ n })) {
  const got: unknown[] = [];
  class Source extends Routine {
    readonly trigger = this.addSlot("trigger", this.send);
    readonly item = this.addEvent<object>("item");
    send(_params: unknown, ctx: Context): void {
      for (let n = 1; n <= count; n++) ctx.emit(this.item, dataOf(n));
    }
  }
  class Sink extends Routine {
    readonly item = this.addSlot("item", this.take);
    take(data: object): void {
      got.push(data);
      throw new RangeError("no room");
    }
  }
  const registry = new Registry({ Source, Sink });
  const timers = manualTimers(NOW);
  const store = memoryStore();
  const engine = new Engine({ store, registry, timers, ids: manualIds() });
  const flow = new Flow({ id: "goods", registry, engine });
  const source = flow.addRoutine(new Source(), "source");
  const sink = flow.addRoutine(new Sink(), "sink");
  const retry = { strategy: "retry", maxRetries: 0, retryDelayMs: 1_000 } as const;
  sink.setErrorHandler(new ErrorHandler(count === 1 ? retry : { strategy: "continue" }));
  flow.connect(source.item, sink.item);
  await flow.start(source.trigger, {}, { jobId: "j" });
  const work = async (engine: Engine, timers: ManualTimers) => {
    const { jobs } = await engine.recover();
    for (const { flow, job } of jobs) {
      await flow.settle(job);
      // Tasks that are tried again wait.
      for (let step = 0; step < 5; step++) await timers.advance(60_000);
    }
  };
  await work(engine, timers);
  got.length = 0;
  const answer = studio(engine, options);
  const get = (path: string, init?: RequestInit) => answer(new Request(`${ORIGIN}${path}`, init));
  const send = (fields: Readonly<Record<string, string>>) =>
    get("/job/redrive?id=j", {
      method: "POST",
      body: new URLSearchParams({ token: TOKEN, ...fields }).toString(),
      headers: { "content-type": "application/x-www-form-urlencoded", cookie: `routilux_studio=${TOKEN}` },
    });
  return { get, got, send, store, engine, work: () => work(engine, timers) };
}

test("a job that has completed with failures can be redriven: all of them, or those that are chosen, with other data", async () => {
  const { get, got, send, work } = await failedStudio(3);
  const text = await textAt({ get }, "/job?id=j");
  assertMatch(
    text,
    /j completed Redrive .* Retries of each task Choose failures, change their data Redrive this job Delete/,
  );
  assertMatch(text, /Failures 3 RangeError: no room .* Data \{"n":3\} Redrive… Discard this failure/);
  const page = await (await get("/job/redrive?id=j")).text();
  assertMatch(
    textOf(page),
    /Jobs \/ j Redrive j The chosen failures become tasks again, .* 3 failures RangeError: no room task #4 of sink · item, 1 attempt, .* Data of task 4, as JSON \{ "n": 3 \}/,
  );
  assertEquals(page.match(/type="checkbox" name="task\/\d+" checked/g)?.length, 3);
  const response = await send({
    choice: "some",
    "task/2": "on",
    "task/4": "on",
    "data/2": '{"n": 1}',
    "data/3": "{",
    "data/4": '{"n":40}',
  });
  assertEquals(response.status, 303);
  assertMatch(response.headers.get("location") ?? "", /^\/job\?id=j&asked=redrive&key=/);
  await work();
  assertEquals(got, [{ n: 1 }, { n: 40 }]);
  // Without a choice all are meant.
  assertEquals((await send({})).status, 303);
  await work();
  assertEquals(got.length, 5);
});

test("one failure is chosen by its link", async () => {
  const { get } = await failedStudio(3);
  const page = await (await get("/job?id=j")).text();
  assertMatch(page, /href="\/job\/redrive\?id=j&#38;task=3">Redrive…/);
  const chosen = await (await get("/job/redrive?id=j&task=3")).text();
  assertEquals(Array.from(chosen.matchAll(/name="task\/(\d+)"( checked)?/g), ([, id, checked]) => [id, checked]), [
    ["3", " checked"],
    ["4", undefined],
    ["2", undefined],
  ]);
  assertEquals((await get("/job/redrive?id=j&task=x")).status, 400);
});

test("retries of a redrive are counted in place of what the error handler says, by the form and by the API", async () => {
  const { get, got, send, store, work } = await failedStudio(1);
  assertEquals((await send({ maxRetries: "2" })).status, 303);
  await work();
  assertEquals(got.length, 3);
  const headers = { "content-type": "application/json", cookie: `routilux_studio=${TOKEN}`, "x-routilux-token": TOKEN };
  const ask = async (body: object) => {
    const response = await get("/api/job/redrive?id=j", { method: "POST", headers, body: JSON.stringify(body) });
    return [response.status, await response.json()];
  };
  assertEquals((await ask({ maxRetries: 1, failures: [2] }))[0], 202);
  await work();
  assertEquals(got.length, 5);
  const message = "maxRetries must be a whole number of at least 0";
  assertEquals(await ask({ maxRetries: -1 }), [400, { error: { status: 400, message } }]);
  assertEquals((await store.find("j"))?.sent, 2);
});

test("what is wrong with a redrive is said at its field, what was filled in stays, and nothing is stored", async () => {
  const { get, send, store } = await failedStudio(3);
  const tell = async (fields: Readonly<Record<string, string>>) => {
    const response = await send(fields);
    assertEquals(response.status, 422);
    return await response.text();
  };
  const wrong = await tell({
    choice: "some",
    "task/3": "on",
    "data/3": "{n}",
    "data/4": '{"n":4.5}',
    maxRetries: "many",
  });
  assertMatch(
    textOf(wrong),
    /Nothing was redriven: .* Data of task 3, as JSON \{n\} is no JSON: texts stand in double/,
  );
  assertMatch(
    wrong,
    /id="data-3" name="data\/3" rows="3" spellcheck="false" aria-invalid="true" aria-describedby="data-3-problem"/,
  );
  assertMatch(textOf(wrong), /Data of task 4, as JSON \{"n":4.5\}/);
  assertMatch(wrong, /name="maxRetries" value="many"[^>]* aria-invalid="true"/);
  assertMatch(textOf(wrong), /Retries of each task must be a whole number of at least 0/);
  assertEquals(Array.from(wrong.matchAll(/name="task\/(\d+)" checked/g), ([, id]) => id), ["3"]);
  assertMatch(textOf(await tell({ choice: "some" })), /3 failures Choose at least one failure/);
  assertMatch(
    textOf(await tell({ choice: "some", "task/2": "on", "data/2": '{"$type":"Date"}' })),
    /Data of task 2, as JSON \{"\$type":"Date"\} .*data/,
  );
  // The short form of the job's page has no choice: all are chosen on the page that tells what is wrong with it.
  const short = await tell({ maxRetries: "-1" });
  assertEquals(short.match(/name="task\/\d+" checked/g)?.length, 3);
  assertEquals((await store.find("j"))?.sent, 0);
  const gone = await send({ choice: "some", "task/9": "on" });
  assertEquals(gone.status, 409);
  assertMatch(textOf(await gone.text()), /no failure of task 9/);
  assertEquals((await get("/job/redrive?id=nobody")).status, 404);
});

test("data that JSON cannot say stays as it is, where it is not changed", async () => {
  const when = new Date(NOW);
  const { get, got, send, work } = await failedStudio(2, {}, (n) => ({ n, when }));
  const page = await (await get("/job/redrive?id=j")).text();
  const [, text = ""] = /name="data\/2"[^>]*>\n([^<]*)</.exec(page) ?? [];
  const data = text.replace(/&#(\d+);/g, (_, code) => String.fromCodePoint(Number(code)));
  assertEquals((await send({ choice: "some", "task/2": "on", "data/2": data })).status, 303);
  await work();
  assertEquals(got, [{ n: 1, when }]);
});

test("of very many failures, and of large data, the form has a part", async () => {
  const { get } = await failedStudio(60, {}, (n) => ({ n, text: n % 2 === 0 ? "x".repeat(20_000) : "" }));
  const page = await (await get("/job/redrive?id=j&task=2")).text();
  assert(page.length < 100_000, `${page.length} characters`);
  assertEquals(page.match(/type="checkbox"/g)?.length, 50);
  assertMatch(page, /name="task\/2" checked/);
  assertMatch(
    textOf(page),
    /60 failures .* Its data has 20,0\d\d characters, and stays as it is\. .* Only 50 can be chosen here/,
  );
});

test("the form of a redrive is for those who may act, and says when there is nothing to choose", async () => {
  const reader = await failedStudio(2, { authorize: () => "read" });
  assertEquals((await reader.get("/job/redrive?id=j")).status, 403);
  assertEquals((await reader.send({})).status, 403);
  assertEquals(/Redrive/.test(await textAt(reader, "/job?id=j")), false);
  const { engine, get, work } = await failedStudio(1);
  await engine.handle("j").discard(true);
  await work();
  assertMatch(
    await textAt({ get }, "/job/redrive?id=j"),
    /This job has no failures: they were redriven or discarded\./,
  );
});

test("a redrive may have a key, and failures that are chosen without their data", async () => {
  const { get, got, send, work } = await failedStudio(2);
  const sent = await send({ choice: "some", "task/3": "on", key: "k" });
  assertEquals(sent.headers.get("location"), "/job?id=j&asked=redrive&key=k");
  await work();
  assertEquals(got, [{ n: 2 }]);
  assertEquals((await (await get("/api/job/command?id=j&key=k")).json()).status, "done");
});
