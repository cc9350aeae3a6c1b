import { test } from "node:test";
import { assertEquals, assertMatch } from "@std/assert";
import { lateStore } from "../support/late_store.ts";
import { sampleJobs, sampleStudio } from "./sample_studio.ts";

const ids = ({ jobs }: { jobs: readonly { jobId: string }[] }) => jobs.map(({ jobId }) => jobId);

test("the API lists jobs newest first, by filters, in pages", async () => {
  const { json, engine } = await sampleJobs({}, lateStore());
  const { body } = await json("/api/jobs");
  assertEquals(ids(body), ["completes", "fails", "waits"]);
  assertEquals(body.jobs[2].tags, { team: "sales" });
  assertEquals(body.jobs[2].createdAt, "2026-01-31T12:00:00.000Z");
  assertEquals(ids((await json("/api/jobs?order=oldest")).body), ["waits", "fails", "completes"]);
  assertEquals(ids((await json("/api/jobs?status=failed")).body), ["fails"]);
  assertEquals(ids((await json("/api/jobs?queue=slow&tag=team%3Dsales")).body), ["waits"]);
  assertEquals(ids((await json("/api/jobs?flow=others")).body), []);
  assertEquals(ids((await json("/api/jobs?createdBefore=2026-01-31T12:00:01Z")).body), ["waits"]);
  const first = (await json("/api/jobs?limit=2")).body;
  assertEquals(ids(first), ["completes", "fails"]);
  const rest = (await json(`/api/jobs?limit=2&cursor=${encodeURIComponent(first.cursor)}`)).body;
  assertEquals([ids(rest), rest.cursor], [["waits"], undefined]);
  await engine.close();
});

test("the API counts jobs by status, and of a filter", async () => {
  const { json } = await sampleJobs();
  const none = { pending: 0, running: 0, paused: 0, completed: 0, failed: 0, cancelled: 0 };
  assertEquals((await json("/api/counts")).body, {
    total: 3,
    byStatus: { ...none, running: 1, failed: 1, completed: 1 },
  });
  assertEquals((await json("/api/counts?queue=slow")).body, { total: 1, byStatus: { ...none, running: 1 } });
});

test("the API shows a job: its record, summary, documents, timeline, diagram, revisions and differences", async () => {
  const { get, json } = await sampleJobs();
  const { record, summary } = (await json("/api/job?id=waits")).body;
  assertEquals([record.status, record.queue, summary.awaiting[0].slot], ["running", "slow", "paid"]);
  assertEquals((await json("/api/job/document?id=waits")).body.format, "routilux/job");
  assertEquals((await json("/api/job/flow?id=waits")).body.format, "routilux/flow");
  assertEquals((await json("/api/job/summary?id=fails")).body.failures[0].error, "RangeError: there is no unicorn");
  assertEquals((await json("/api/job/timeline?id=fails")).body.rows[0].routine, "intake");
  const { begins, revisions } = (await json("/api/job/revisions?id=fails")).body;
  assertEquals([begins, revisions[0].kind], [0, "snapshot"]);
  const last = revisions.at(-1).revision;
  assertEquals((await json(`/api/job/summary?id=fails&revision=${last - 1}`)).body.status, "running");
  const { differences } = (await json(`/api/job/differences?id=fails&from=${last - 1}&to=${last}`)).body;
  assertEquals(differences[0].message, "the job went from running to failed");
  const image = await get("/api/job/diagram.svg?id=waits");
  assertEquals(image.headers.get("content-type"), "image/svg+xml");
  assertMatch(await image.text(), /^<svg .*awaited until/s);
});

test("what is asked of a job by the API is stored, carried out by whoever has it, and its outcome can be asked for", async () => {
  const { act, json, work } = await sampleJobs({}, lateStore());
  const status = async (id: string) => (await json(`/api/job?id=${id}`)).body.record.status;
  const command = async (id: string, key: string) => (await json(`/api/job/command?id=${id}&key=${key}`)).body;

  const paused = await act("/api/job/pause?id=waits", { reason: "lunch", graceMs: 5, key: "k1" });
  assertEquals(paused, { status: 202, body: { act: "pause", jobId: "waits", outcome: "stored", key: "k1" } });
  await work();
  assertEquals([await status("waits"), await command("waits", "k1")], ["paused", { key: "k1", status: "done" }]);
  assertEquals((await json("/api/job?id=waits")).body.summary.pauseReason, "lunch");

  assertEquals((await act("/api/job/resume?id=waits")).status, 202);
  assertEquals(
    (await act("/api/job/deliver?id=waits", { routine: "payment", slot: "paid", data: { amount: 5 } })).status,
    202,
  );
  await work();
  assertEquals(await status("waits"), "completed");
  assertEquals((await json("/api/job/document?id=waits")).body.outputLog[0].data, { amount: 5 });

  assertEquals((await act("/api/job/redrive?id=fails")).status, 202);
  await work();
  assertEquals([await status("fails"), await command("fails", "unheard of")], ["failed", { key: "unheard of" }]);
});

test("single failures are redriven with other data, or discarded", async () => {
  const { act, form, get, json, work } = await sampleJobs();
  const page = await (await get("/job?id=fails")).text();
  assertMatch(page, /Redrive….*Discard this failure/s);
  const sent = await form("/job/redrive?id=fails", { choice: "some", "task/2": "on", "data/2": '{"item":"tea"}' });
  assertEquals(sent.status, 303);
  await work();
  const { summary } = (await json("/api/job?id=fails")).body;
  assertEquals([summary.status, summary.failures, summary.awaiting.length], ["running", [], 1]);
  const other = await sampleJobs();
  assertEquals((await other.form("/job/discard?id=fails", { task: "2" })).status, 303);
  await other.work();
  assertEquals((await other.json("/api/job?id=fails")).body.summary.failures, []);
  assertEquals((await act("/api/job/discard?id=fails")).status, 202);
});

test("the API cancels, forks, starts and deletes", async () => {
  const { act, json, work } = await sampleJobs();
  const forked = await act("/api/job/fork?id=fails", { revision: 1, jobId: "again" });
  assertEquals(forked, { status: 201, body: { act: "fork", jobId: "again", outcome: "done" } });
  const started = await act("/api/job/start?id=fails", {
    ...{ routine: "intake", slot: "trigger", params: { items: ["tea"] }, jobId: "new", queue: "q", tags: { a: "b" } },
  });
  assertEquals(started.status, 201);
  await work();
  assertEquals((await json("/api/job?id=again")).body.record.status, "failed");
  assertEquals((await json("/api/job?id=new")).body.record.tags, { a: "b" });
  assertEquals((await act("/api/job/cancel?id=new", { reason: "enough" })).status, 202);
  await work();
  assertEquals((await json("/api/job?id=new")).body.summary.error, "CancelledError: The job was cancelled: enough");
  assertEquals(await act("/api/job?id=new", undefined, { method: "DELETE" }), {
    status: 200,
    body: { act: "delete", jobId: "new", outcome: "done" },
  });
  assertEquals((await json("/api/job?id=new")).status, 404);
});

test("the API says who holds how many jobs, and what waits in which queue", async () => {
  const { engine, json, flow, timers } = await sampleJobs();
  await flow.startMany("intake", [{ jobId: "a", queue: "fast" }, {
    jobId: "b",
    queue: "fast",
    at: timers.now() + 60_000,
  }]);
  await timers.advance(5_000);
  const { isWhole, owners, queues } = (await json("/api/workers")).body;
  assertEquals([isWhole, owners.length], [true, 1]);
  assertEquals(owners[0].jobs, 1);
  assertEquals(owners[0].leaseLeftMs > 0, true);
  assertEquals(
    queues.map((
      { due, held, pending, queue, running }: Record<string, unknown>,
    ) => [queue, pending, running, held, due]),
    [
      ["fast", 2, 0, 0, 1],
      ["slow", 0, 1, 1, 0],
    ],
  );
  assertEquals(queues[0].oldestDueAt, "2026-01-31T12:00:02.000Z");
  await engine.close();
});

const WRONG: readonly (readonly [path: string, status: number, message: RegExp])[] = [
  ["/api/jobs?status=tired", 400, /^status must be one of pending, running/],
  ["/api/jobs?limit=0", 400, /^limit must be between 1 and 500/],
  ["/api/jobs?limit=x", 400, /^limit must be a whole number/],
  ["/api/jobs?limit=1&limit=2", 400, /^limit is given more than once/],
  ["/api/jobs?order=best", 400, /^order must be newest or oldest/],
  ["/api/jobs?tag=x", 400, /^tag must be NAME=VALUE/],
  ["/api/jobs?createdBefore=yesterday", 400, /^createdBefore must be an instant/],
  ["/api/jobs?cursor=x", 400, /^cursor is none/],
  ["/api/job", 400, /^id is missing in the address/],
  ["/api/job?id=nobody", 404, /^There is no job "nobody"/],
  ["/api/job/document?id=waits&revision=99", 404, /^There is no revision 99 of this job: its revisions 0 to/],
  ["/api/job/differences?id=waits&from=0", 400, /^to is missing/],
  ["/api/job/command?id=waits", 400, /^key is missing/],
  ["/api/job/command?id=nobody&key=k", 404, /none of this id/],
  ["/api/job/events?id=nobody", 404, /^There is no job/],
  ["/api/nothing", 404, /^There is nothing under this address/],
];

test("the API says in plain words what is wrong with a look", async () => {
  const { json } = await sampleJobs();
  for (const [path, status, message] of WRONG) {
    const answer = await json(path);
    assertEquals([path, answer.status, answer.body.error.status], [path, status, status]);
    assertMatch(answer.body.error.message, message);
  }
});

const WRONG_ACTS: readonly (readonly [path: string, body: unknown, status: number, message: RegExp])[] = [
  ["pause?id=nobody", {}, 404, /Cannot pause job "nobody"/],
  ["pause?id=fails", {}, 409, /it has ended/],
  ["pause?id=waits", { reason: 5 }, 400, /^reason must be a text/],
  ["pause?id=waits", { graceMs: -1 }, 400, /^graceMs must be a whole number/],
  ["pause?id=waits", { why: "" }, 400, /^Nothing is known of "why"; it may have key, reason, graceMs/],
  ["pause?id=waits", [], 400, /^The body must be a JSON object/],
  ["redrive?id=completes", {}, 409, /no failure and no task to go on with/],
  ["redrive?id=waits", {}, 409, /only one that has ended can be redriven/],
  ["redrive?id=fails", { failures: [7] }, 409, /no failure of task 7/],
  ["redrive?id=fails", { failures: [{ taskId: 2 }] }, 400, /ids of tasks, or of/],
  ["redrive?id=fails", { failures: 2 }, 400, /^failures must be a list/],
  ["discard?id=fails", { failures: ["2"] }, 400, /list of the ids of tasks$/],
  ["discard?id=fails", { failures: [7] }, 409, /no failure of task 7/],
  ["deliver?id=waits", { routine: "payment" }, 400, /^slot is missing/],
  ["deliver?id=waits", { routine: "payment", slot: "gone" }, 400, /has no slot "gone"/],
  ["deliver?id=waits", { routine: "payment", slot: "paid", data: { $type: "Date" } }, 400, /data/],
  ["fork?id=fails", {}, 400, /^revision is missing/],
  ["fork?id=fails", { revision: 99 }, 404, /no revision 99/],
  ["fork?id=fails", { revision: 1, jobId: "waits" }, 409, /already/],
  ["fork?id=fails", { revision: 1, jobId: "__proto__" }, 400, /the jobId must be a non-empty string/],
  [
    "fork?id=fails",
    { revision: 1, jobId: "x".repeat(1_025) },
    400,
    /the jobId must have at most 1024 bytes of UTF-8, it has 1025/,
  ],
  ["start?id=waits", { routine: "intake", slot: "trigger", jobId: "fails" }, 409, /there is one already/],
  ["start?id=waits", { routine: "intake", slot: "trigger", tags: { a: 1 } }, 400, /^tags must be an object of texts/],
  ["start?id=nobody", { routine: "intake", slot: "trigger" }, 404, /^There is no job/],
];

test("the API says in plain words why an act is refused", async () => {
  const { act } = await sampleJobs();
  for (const [path, body, status, message] of WRONG_ACTS) {
    const answer = await act(`/api/job/${path}`, body);
    assertEquals([path, body, answer.status], [path, body, status]);
    assertMatch(answer.body.error.message, message);
  }
  assertEquals((await act("/api/job?id=waits", undefined, { method: "DELETE" })).status, 409);
  assertEquals((await act("/api/job?id=nobody", undefined, { method: "DELETE" })).status, 404);
});

test("an engine without the classes of a flow shows its jobs and steers them, but cannot start one", async () => {
  const first = await sampleJobs();
  await first.engine.shutdown({ drain: false });
  const { Engine, Registry } = await import("../../mod.ts");
  const { studio } = await import("../../src/studio/mod.ts");
  const answer = studio(new Engine({ store: first.store, registry: new Registry(), timers: first.timers }));
  const status = async (path: string) => (await answer(new Request(`http://localhost${path}`))).status;
  assertEquals([await status("/job?id=waits"), await status("/api/job/revisions?id=waits")], [200, 200]);
  const other = sampleStudio({}, first.store);
  assertEquals((await other.act("/api/job/pause?id=waits")).status, 202);
  const start = new Request("http://localhost/api/job/start?id=waits", {
    method: "POST",
    body: JSON.stringify({ routine: "intake", slot: "trigger" }),
    headers: {
      "content-type": "application/json",
      cookie: `routilux_studio=${"a1".repeat(32)}`,
      "x-routilux-token": "a1".repeat(32),
    },
  });
  const refused = await answer(start);
  assertEquals(refused.status, 409);
  assertMatch((await refused.json()).error.message, /the classes that it names are not in the engine's registry/);
});
