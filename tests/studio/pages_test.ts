import { test } from "node:test";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { type Context, Engine, Flow, Registry, Routine } from "../../mod.ts";
import { memoryStore } from "../../src/stores/memory_store.ts";
import { studio } from "../../src/studio/mod.ts";
import { manualIds, manualTimers } from "../../src/testing/mod.ts";
import { textAt, textOf } from "./page_text.ts";
import { NOW, ORIGIN, sampleJobs, sampleStudio } from "./sample_studio.ts";

test("the page of jobs has them newest first, with counts, filters, and a link to each further page", async () => {
  const sample = await sampleJobs();
  await sample.flow.startMany(
    "intake",
    Array.from({ length: 60 }, (_, n) => ({ jobId: `later-${n}`, at: NOW + 100_000 })),
  );
  const text = await textAt(sample, "/");
  assertMatch(text, /All 63 pending 60 running 1 paused 0 completed 1 failed 1 cancelled 0/);
  assertMatch(text, /due in 1 min 38 s/);
  const page = await (await sample.get("/")).text();
  assertEquals(page.match(/<tr role="row"><td/g)?.length, 50);
  const older = /href="([^"]*cursor=[^"]*)">Older/.exec(page)?.[1]?.replaceAll("&#38;", "&") ?? "";
  const second = await (await sample.get(older)).text();
  assertEquals(second.match(/<tr role="row"><td/g)?.length, 13);
  assertMatch(
    textOf(second),
    /waits orders team=sales running slow 2 s ago – id-1 ← First page No more jobs/,
  );

  assertEquals(/data-events/.test(second), false);
  assertMatch(await textAt(sample, "/?order=oldest"), /waits .* fails .* Newer →/);
  const failed = await textAt(sample, "/?status=failed&flow=orders&queue=default");
  assertMatch(failed, /Clear .* fails orders failed default 1 s ago ended 1 s ago –/);
  assertMatch(await textAt(sample, "/?tag=team%3Dsales&parent=nobody"), /Started by job .* No job fits/);
});

test("the page of jobs says that a job waits only where no engine has it: else it may be at work", async () => {
  class Asking extends Routine {
    readonly trigger = this.addSlot("trigger", this.ask);
    readonly answer = this.addSlot("answer", this.end);
    ask(_params: unknown, ctx: Context): void {
      ctx.expect(this.answer);
    }
    end(): void {}
  }
  const [registry, store] = [new Registry({ Asking }), memoryStore()];
  const engine = new Engine({ store, registry, timers: manualTimers(NOW), ids: manualIds() });
  const flow = new Flow({ id: "questions", registry, engine });
  await flow.start(flow.addRoutine(new Asking(), "asking"), {}, { jobId: "asks" });
  const { jobs } = await engine.recover();
  for (const { flow, job } of jobs) await flow.settle(job);
  const text = async (engine: Engine) => textOf(await (await studio(engine)(new Request(`${ORIGIN}/`))).text());
  assertMatch(await text(engine), /asks questions running default now – id-\d/);
  await engine.shutdown({ drain: false });
  const looking = new Engine({ store, registry, timers: manualTimers(NOW) });
  assertMatch(await text(looking), /asks questions running default now waits for an answer or a child –/);
});

test("the page of a job shows what it does, waits for and has come to", async () => {
  const sample = await sampleJobs();
  const waits = await textAt(sample, "/job?id=waits");
  assertMatch(waits, /^ ?Jobs \/ orders waits running Pause .* Cancel /);
  assertMatch(waits, /Created 2 s ago Changed 2 s ago Worked 0 ms Queue slow Held by id-1/);
  assertMatch(waits, /Tags team=sales/);
  assertMatch(waits, /Awaited answers 1 payment · paid asked 2 s ago , until in 7 days Data, as JSON \{\} Deliver/);
  assertMatch(waits, /Pending tasks 1 Task Routine .* #4 payment paid awaiting 2 s ago in 7 days/);
  assertMatch(waits, /Shared data 1 Key Value item "book"/);
  assertMatch(waits, /State 1 Routine State intake \{"orders":1\} Log 1 .* \{"taken":1\}/);
  assertMatch(waits, /Start another job like this one Deliver to any slot .* intake · trigger/);
  const fails = await textAt(sample, "/job?id=fails");
  assertMatch(fails, /fails failed Redrive .* Delete .* RangeError: there is no unicorn/);
  assertMatch(
    fails,
    /Failures 1 RangeError: there is no unicorn task #2 of stock · item, 1 attempt, 1 s ago Data \{"item":"unicorn"\}/,
  );
  assertMatch(await textAt(sample, "/job?id=completes&zoom=4"), /completes completed Delete/);
});

test("each form does what it says, and the next page tells of it", async () => {
  const sample = await sampleJobs();
  const { form, get, work } = sample;
  const send = async (act: string, id: string, fields: Readonly<Record<string, string>> = {}) => {
    const response = await form(`/job/${act}?id=${id}`, fields);
    assertEquals([act, response.status], [act, 303], await response.text());
    return response.headers.get("location") ?? "";
  };
  const paused = await send("pause", "waits", { reason: "lunch" });
  await work();
  assertMatch(await textAt(sample, paused), /waits paused Resume .* Paused: lunch .* The pause is done\./);
  assertMatch(await textAt(sample, paused), /Pauses 1 When Reason Checkpoint \S+( s ago)? lunch –/);
  await send("resume", "waits");
  const delivered = await send("deliver", "waits", { to: '["payment","paid"]', data: '{"amount":7}' });
  await work();
  assertMatch(
    await textAt(sample, delivered),
    /waits completed .* The delivery is done\. .* Outputs 1 .* booked \{"amount":7\}/,
  );
  const redriven = await send("redrive", "fails");
  await work();
  assertMatch(await textAt(sample, redriven), /The redrive is done/);
  const answer = await form("/start?job=waits", {
    to: '["intake","trigger"]',
    "data/params": '{"items":["tea"]}',
    "data/jobId": "new",
    "data/priority": '"normal"',
  });
  assertEquals(answer.status, 303);
  assertMatch(await textAt(sample, answer.headers.get("location") ?? ""), /new pending .* This is the new job/);
  await work();
  await send("cancel", "new", { reason: "enough" });
  await work();
  assertMatch(await textAt(sample, "/job?id=new"), /new cancelled .* The job was cancelled: enough/);
  assertMatch(await textAt(sample, await send("delete", "new")), /The job was deleted/);
  const forked = await send("fork", "waits", { revision: "1" });
  assertMatch(await textAt(sample, forked), /This is the new job/);
  for (const path of ["asked=pause", "asked=pause&key=none", "asked=toString&key=x"]) {
    assertEquals((await get(`/job?id=waits&${path}`)).status, 200);
  }
});

test("a refusal of a form is a page in plain words", async () => {
  const { form } = await sampleJobs();
  const send = async (act: string, id: string, fields: Readonly<Record<string, string>> = {}) => {
    const response = await form(`/job/${act}?id=${id}`, fields);
    return `${response.status} ${textOf(await response.text())}`;
  };
  assertMatch(await send("pause", "fails"), /^409 +409 That cannot be done Cannot pause job "fails": it has ended/);
  assertMatch(
    await send("deliver", "waits", { to: '["payment","paid"]', data: "{amount: 7}" }),
    /^422 .* Nothing was delivered: .* Data, as JSON \{amount: 7\} is no JSON: texts stand in double/,
  );
  assertMatch(await send("deliver", "waits", { to: "paid" }), /^400 .* The slot is no JSON/);
  assertMatch(await send("deliver", "waits", { to: "[1]" }), /^400 .* The slot of the form is none/);
  assertMatch(await send("resume", "nobody"), /^404 +404 Not found Cannot resume job "nobody"/);
});

test("a command that nobody has carried out yet is told on the job's page", async () => {
  const sample = await sampleJobs();
  const { engine, form, work } = sample;
  await engine.handle("waits").pause();
  await work();
  await engine.shutdown({ drain: false });
  const stored = await form("/job/deliver?id=waits", { to: '["payment","paid"]', data: '{"amount":1}', key: "k" });
  assertMatch(
    await textAt(sample, stored.headers.get("location") ?? ""),
    /The delivery is stored, and carried out by the worker/,
  );
});

test("the past of a job is shown as it was, with a slider, and what has changed since", async () => {
  const sample = await sampleJobs();
  const past = await textAt(sample, "/job?id=fails&revision=1");
  assertMatch(past, /fails running .* This is the job as it was at revision 1 of 3. Back to now Fork from here/);
  assertMatch(past, /Revision 1 of 0 to 3 .* Compare/);
  assertMatch(past, /3 1 s ago failure task 2, RangeError: there is no unicorn/);
  assert(!/Redrive|Deliver/.test(past), past);
  assert(!/Fork from here/.test(await textAt(sample, "/job?id=fails&revision=3")));
  const changed = await textAt(sample, "/job/differences?id=fails&from=2&to=3");
  assertMatch(
    changed,
    /What has changed From revision 2 to revision 3 .* the job went from running to failed .* Before "running" After "failed"/,
  );
  assertMatch(await textAt(sample, "/job/differences?id=fails&from=3&to=3"), /0 differences The two are equal/);
});

test("the page of workers says who holds how many jobs, and what is due", async () => {
  const sample = await sampleJobs();
  assertMatch(
    await textAt(sample, "/workers"),
    /Engines that hold jobs Engine Jobs Share Lease left \S+ 1 \d+ s .* slow 0 1 1 0 –/,
  );
  await sample.flow.startMany("intake", [{}, {}]);
  await sample.timers.advance(3_000);
  assertMatch(await textAt(sample, "/workers"), /default 2 0 0 2 3 s ago/);
  assertMatch(
    await textAt(sampleStudio(), "/workers"),
    /No engine holds a job now\. .* All jobs have ended, or are paused\./,
  );
  const { get } = await sampleJobs({}, undefined, { flowId: "others" });
  assertEquals((await get("/workers")).status, 200);
});

/** Emits many, and puts out long texts. */
class Crowd extends Routine {
  readonly trigger = this.addSlot("trigger", this.send);
  readonly item = this.addEvent<{ n: number }>("item");
  send({ count }: { count: number }, ctx: Context): void {
    for (let n = 0; n < count; n++) {
      ctx.emit(this.item, { n }, { delayMs: 60_000 });
      ctx.output("long", { text: "long ".repeat(1_000), n });
    }
    ctx.shared.set("middle", {
      text: "a text that is longer than a line of the page bears, and shown in several lines",
    });
  }
}
class Sink extends Routine {
  readonly item = this.addSlot("item", this.take);
  take(): void {}
}

test("large jobs and flows make pages of a bearable size", async () => {
  const registry = new Registry({ Crowd, Sink });
  const timers = manualTimers(NOW);
  const engine = new Engine({ store: memoryStore(), registry, timers, ids: manualIds() });
  const flow = new Flow({ id: "large", registry, engine });
  const crowd = flow.addRoutine(new Crowd(), "crowd");
  for (let n = 0; n < 200; n++) flow.connect(crowd.item, flow.addRoutine(new Sink(), `sink-${n}`).item);
  await flow.start(crowd.trigger, { count: 40 }, { jobId: "large", priority: "high" });
  const { jobs } = await engine.recover();
  for (const { flow, job } of jobs) await flow.settle(job);
  const answer = studio(engine);
  const at = async (path: string) => await (await answer(new Request(`http://localhost${path}`))).text();
  const page = await at("/job?id=large");
  assert(page.length < 400_000, `${page.length} characters`);
  const text = textOf(page);
  assertMatch(text, /The flow has 201 routines: open the image/);
  assertMatch(text, /Priority high/);
  assertMatch(text, /1 to 100 of 8,000 → Task Routine/);
  assertMatch(text, /Cut off after 2000 of 50\d\d characters/);
  assertMatch(text, /[\d,]+ older entries not shown/);
  assertMatch(await at("/api/job/diagram.svg?id=large"), /^<svg/);
  assertEquals((await at("/")).includes("large"), true);
});

test("of many revisions those around the shown one are listed", async () => {
  const sample = sampleStudio();
  await sample.start("many", Array.from({ length: 12 }, (_, n) => `item ${n}`));
  const listed = async (path: string) => {
    const page = await (await sample.get(path)).text();
    return Array.from(page.matchAll(/revision=(\d+)"[^>]*>(\d+)<\/a>/g), ([, link, shown]) => {
      assertEquals(link, shown);
      return Number(shown);
    });
  };
  const { revisions } = (await sample.json("/api/job/revisions?id=many")).body;
  const last = revisions.length - 1;
  const countDown = (from: number) => Array.from({ length: 12 }, (_, n) => from - n);
  assertEquals(await listed("/job?id=many"), countDown(last));
  assertEquals(await listed("/job?id=many&revision=0"), countDown(11));
  assertEquals(await listed("/job?id=many&revision=15"), countDown(20));
  assertMatch(
    await textAt(sample, "/job?id=many&revision=15"),
    new RegExp(`15 now ${revisions[15].kind} ${revisions[15].what}`),
  );
});
