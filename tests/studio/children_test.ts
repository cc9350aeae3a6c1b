import { test } from "node:test";
import { assertEquals, assertMatch } from "@std/assert";
import { type Context, Engine, ErrorHandler, Flow, Registry, Routine } from "../../mod.ts";
import { Join } from "../../src/routines/mod.ts";
import { memoryStore } from "../../src/stores/memory_store.ts";
import { studio } from "../../src/studio/mod.ts";
import { manualIds, manualTimers } from "../../src/testing/mod.ts";
import { FamilyProcess } from "../support/family_process.ts";
import { textAt } from "./page_text.ts";

/** A studio of a store with a job that has asked for children. */
async function familyStudio(params: object, flows?: readonly string[]) {
  const process = new FamilyProcess(manualTimers());
  const worker = process.engine.work(flows === undefined ? {} : { flows });
  await process.flow.start("sum", params, { jobId: "job" });
  await process.timers.advance(60_000);
  await worker.stop();
  const answer = studio(process.engine);
  return { process, get: (path: string) => answer(new Request(`http://localhost${path}`)) };
}

test("the page of a job links its children, with the slot that is told of their ends, and theirs links it", async () => {
  const { get } = await familyStudio({ items: [1, 2] }, ["sum"]);
  const text = await textAt({ get }, "/job?id=job");
  assertMatch(
    text,
    /Children Job Flow Status Created Its end goes to \S.* square pending 1 min ago sum · squared \S.* square pending 1 min ago sum · squared/,
  );
  assertMatch(text, /→ squared sum Sum .* square 2 children/);
  const page = await (await get("/job?id=job")).text();
  const [link = ""] = /\/job\?id=[^"]*(?=">[^<]*<\/a><\/td><td>square)/.exec(page) ?? [];
  assertMatch(await textAt({ get }, link.replaceAll("&#38;", "&")), /Started by job/);
  // Of the past the page says what the job knew then.
  assertMatch(await textAt({ get }, "/job?id=job&revision=2"), /Children .* square asked – sum · squared/);
  assertEquals(/Children/.test(await textAt({ get }, "/job?id=job&revision=0")), false);
});

test("of very many children that a job waits for those are shown, too, that are not among the newest", async () => {
  const { get } = await familyStudio({ items: Array.from({ length: 25 }, (_, n) => n) }, ["sum"]);
  const page = await (await get("/job?id=job")).text();
  assertEquals(page.match(/<td>square<\/td>/g)?.length, 25);
  assertEquals(page.match(/is-open/g)?.length, 5);
});

test("children that nobody waits for are shown, too; of many the newest, with a link to all", async () => {
  const { get } = await familyStudio({ items: Array.from({ length: 25 }, (_, n) => n), detached: true });
  const page = await (await get("/job?id=job")).text();
  assertEquals(page.match(/<td>square<\/td>/g)?.length, 20);
  assertMatch(page, /<a href="\/\?parent=job">All jobs that it has started<\/a>/);
  assertMatch(await textAt({ get }, "/job?id=job"), /square completed 1 min ago – /);
});

/** A studio with a job whose children have completed, failed after a retry, been cancelled, and go on. */
async function livelyFamily() {
  const process = new FamilyProcess(manualTimers(), {
    work: (n, ctx) => {
      if (n === 2) throw new RangeError("not two");
      if (n > 2) ctx.expect("answer");
      else ctx.result(n);
    },
  });
  process.child.routines.get("square")?.setErrorHandler(
    new ErrorHandler({ strategy: "retry", maxRetries: 1, retryDelayMs: 5_000 }),
  );
  const worker = process.engine.work();
  await process.flow.start("sum", { items: [1, 2, 3, 4] }, { jobId: "job" });
  await process.timers.advance(60_000);
  const { jobs } = await process.engine.list({ parentId: "job", status: "running" });
  await process.engine.handle(jobs[0]?.jobId ?? "").cancel();
  await process.timers.advance(60_000);
  await worker.stop();
  const answer = studio(process.engine);
  return { process, get: (path: string) => answer(new Request(`http://localhost${path}`)) };
}

test("the timeline of a job has its children with what has happened in them, and leads to theirs, which lead back", async () => {
  const { get, process } = await livelyFamily();
  const page = await (await get("/job?id=job")).text();
  const links = Array.from(
    page.matchAll(
      /<a href="(\/job\?id=[^"]*)#timeline-title" aria-label="square [^:"]*: child [^,]*, (\w+), from [^"]*">(.*?)<\/a>/gs,
    ),
    ([, address = "", status, content = ""]) => ({
      address: address.replaceAll("&#38;", "&"),
      status,
      life: /class="life is-(\w+)"/.exec(content)?.[1],
      kinds: Array.from(content.matchAll(/class="span is-([\w -]+)"/g), ([, kind]) => kind).sort(),
    }),
  );
  assertEquals(
    links.map(({ kinds, life, status }) => [status, life, ...kinds]).sort((a, b) => `${a}` < `${b}` ? -1 : 1),
    [
      ["cancelled", "cancelled", "awaiting is-pending", "ran"],
      ["completed", "completed", "ran"],
      ["failed", "failed", "failed", "retried"],
      ["running", "running", "awaiting is-pending", "ran"],
    ],
  );
  for (const { address } of links) {
    assertMatch(
      await (await get(address)).text(),
      /<a href="\/job\?id=job#timeline-title">This job in the timeline of its parent/,
    );
  }
  // Of the past there are those that had begun, as they were then.
  const { revisions } = await (await get("/api/job/revisions?id=job")).json();
  const asked = revisions.find(({ what }: { what: string }) => what.includes("children started")).revision;
  const past = await (await get(`/job?id=job&revision=${asked}`)).text();
  // One had completed at that very instant.
  assertEquals(past.match(/class="life is-(?:running|completed)"/g)?.length, 4);
  assertEquals(/class="life is-(?:failed|cancelled)"/.test(past), false);
  assertMatch(past, /child job[^,]*, running, from \S+Z"/);
  await process.engine.close();
});

test("the API tells the timelines of children, also of those that are too large to be read for it", async () => {
  const { get, process } = await livelyFamily();
  const { children } = await (await get("/api/job/timeline?id=job")).json();
  const failed = children.find(({ status }: { status: string }) => status === "failed");
  assertEquals([failed.flowId, failed.rows[0].spans.map(({ kind }: { kind: string }) => kind)], ["square", [
    "retried",
    "failed",
  ]]);
  assertEquals(failed.endedAt > failed.from, true);
  assertEquals(children.length, 4);
  const large = process.store.load.bind(process.store);
  process.store.load = async (jobId: string) => {
    const stored = await large(jobId);
    return stored && jobId !== "job" ? { ...stored, entries: [...stored.entries, " ".repeat(300_000)] } : stored;
  };
  const told = (await (await get("/api/job/timeline?id=job")).json()).children;
  assertEquals(told.map(({ rows }: { rows: unknown[] }) => rows.length), [0, 0, 0, 0]);
  const times = (it: { from: string; endedAt?: string; status: string }) => [it.status, it.from, it.endedAt];
  assertEquals(told.map(times), children.map(times));
  process.store.load = large;
  await process.engine.close();
});

test("of very many children the timeline has the newest, and a link to all", async () => {
  const { get } = await familyStudio({ items: Array.from({ length: 25 }, (_, n) => n) });
  const page = await (await get("/job?id=job")).text();
  assertEquals(page.match(/class="life is-completed"/g)?.length, 20);
  assertMatch(page, /Only the newest 20 children are shown\. <a href="\/\?parent=job">/);
});

class Clerk extends Routine {
  readonly trigger = this.addSlot("trigger", this.begin);
  readonly pay = this.addSlot("pay", this.take);
  readonly failed = this.addSlot("failed", this.note);
  readonly paid = this.addEvent<{ order: string }>("paid");
  readonly packed = this.addEvent<{ order: string }>("packed");
  readonly order = this.addEvent<object>("order");
  begin(_params: unknown, ctx: Context): void {
    ctx.emit(this.paid, { order: "a" });
    ctx.emit(this.order, {});
  }
  take(): void {
    throw new RangeError("no money");
  }
  note(_data: unknown, ctx: Context): void {
    ctx.expect(this.pay);
  }
}

test("the page of a job says what joins hold, and which failures were handled", async () => {
  const registry = new Registry({ Clerk, Join });
  const engine = new Engine({ store: memoryStore(), registry, timers: manualTimers(), ids: manualIds() });
  const flow = new Flow({ id: "joined", registry, engine });
  const clerk = flow.addRoutine(new Clerk(), "clerk");
  const join = new Join<{ payment: { order: string }; parcel: { order: string } }>();
  flow.addRoutine(join.setInputs({ payment: { by: "order" }, parcel: { by: "order" } }), "join");
  flow.connect(clerk.paid, join.inputs.payment);
  flow.connect(clerk.packed, join.inputs.parcel);
  flow.connect(clerk.order, clerk.pay);
  flow.connectFailure(clerk.pay, clerk.failed);
  await flow.start(clerk.trigger, {}, { jobId: "j" });
  const { jobs } = await engine.recover();
  for (const { flow, job } of jobs) await flow.settle(job);
  const answer = studio(engine);
  const text = await textAt({ get: (path) => answer(new Request(`http://localhost${path}`)) }, "/job?id=j");
  assertMatch(text, /Collected, waiting for more 1 Routine Slot Key Items join group \S.* 1/);
  assertMatch(text, /RangeError: no money task #\d of clerk · pay, 1 attempt, now , handled by a failure connection/);
});

test("a job that waits for children is not forked", async () => {
  const { get, process } = await familyStudio({ items: [1, 2] }, ["sum"]);
  const token = "a1".repeat(32);
  const response = await studio(process.engine)(
    new Request("http://localhost/api/job/fork?id=job", {
      method: "POST",
      body: JSON.stringify({ revision: 3 }),
      headers: { "content-type": "application/json", cookie: `routilux_studio=${token}`, "x-routilux-token": token },
    }),
  );
  assertEquals(response.status, 409);
  assertMatch((await response.json()).error.message, /waits for children/);
  assertEquals((await (await get("/api/jobs?flow=sum")).json()).jobs.length, 1);
});
