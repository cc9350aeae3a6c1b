import { test } from "node:test";
import { assertEquals, assertMatch } from "@std/assert";
import { lateStore } from "../support/late_store.ts";
import { sampleJobs, type SampleStudio } from "./sample_studio.ts";

/** Opens a stream, and reads its messages one by one. */
async function watch({ get, timers }: SampleStudio, path: string) {
  const gone = new AbortController();
  const response = await get(path, { signal: gone.signal });
  assertEquals([response.status, response.headers.get("content-type")], [200, "text/event-stream; charset=utf-8"]);
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  const next = async (): Promise<string | undefined> => {
    let answer: { readonly value?: string | undefined } | undefined;
    reader?.read().then((it) => answer = it, () => answer = {});
    for (let step = 0; step < 400 && answer === undefined; step++) await timers.advance(50);
    return answer?.value;
  };
  return { next, gone, cancel: () => reader?.cancel() };
}

test("a stream of a job tells of each change, and ends with the request", async () => {
  const sample = await sampleJobs({}, lateStore());
  const { gone, next } = await watch(sample, "/api/job/events?id=waits");
  assertEquals(await next(), ": open\n\n");
  await sample.act("/api/job/pause?id=waits");
  await sample.work();
  assertMatch(await next() ?? "", /^event: change\ndata: \{"revision":\d+\}\n\n$/);
  gone.abort();
  await next();
  assertEquals(await next(), undefined);
  await sample.engine.close();
});

test("a stream says now and then that it is alive", async () => {
  const sample = await sampleJobs();
  const { next, cancel } = await watch(sample, "/api/job/events?id=fails");
  assertEquals([await next(), await next()], [": open\n\n", ": alive\n\n"]);
  await cancel();
});

test("a stream of all jobs tells that one has come", async () => {
  const sample = await sampleJobs();
  const { next, cancel } = await watch(sample, "/api/events");
  assertEquals(await next(), ": open\n\n");
  await sample.flow.start("intake", {});
  assertEquals(await next(), "event: change\ndata: {}\n\n");
  await cancel();
});

test("streams leave nothing behind, and there are not too many of them", async () => {
  const sample = await sampleJobs();
  const open = await Promise.all(Array.from({ length: 200 }, () => sample.get("/api/events")));
  const refused = await sample.json("/api/events");
  assertEquals([refused.status, refused.body.error.message], [
    503,
    "Too many pages are watched at once; load this one again later",
  ]);
  for (const { body } of open) await body?.cancel();
  for (let count = 0; count < 201; count++) {
    const { body, status } = await sample.get("/api/job/events?id=fails", { method: "HEAD" });
    assertEquals([status, body], [200, null]);
  }
  const { next, cancel } = await watch(sample, "/api/events");
  assertEquals(await next(), ": open\n\n");
  await cancel();
});

test("a stream of a live job stops listening to it when nobody reads it", async () => {
  const sample = await sampleJobs();
  const { next, cancel } = await watch(sample, "/api/job/events?id=waits");
  assertEquals(await next(), ": open\n\n");
  await cancel();
  await sample.act("/api/job/pause?id=waits");
  await sample.work();
  assertEquals((await sample.json("/api/job?id=waits")).body.record.status, "paused");
});
