import { test } from "node:test";
import { assertEquals, assertMatch } from "@std/assert";
import { schedule, type ScheduleOptions } from "../../src/schedules/mod.ts";
import { lateStore } from "../support/late_store.ts";
import { textAt } from "./page_text.ts";
import { sampleStudio } from "./sample_studio.ts";

/** A studio of a store with schedules of orders, whose first instants have not come. */
async function scheduledStudio(schedules: Readonly<Record<string, ScheduleOptions>>) {
  const sample = sampleStudio({}, lateStore());
  for (const [name, options] of Object.entries(schedules)) {
    await schedule(sample.engine, name, options, sample.flow, "intake", { items: [] });
    await sample.timers.advance(1);
  }
  return sample;
}

const NIGHTLY = { cron: "0 3 * * *", timeZone: "Europe/Berlin" } as const;

test("the page of schedules says when each begins its next jobs, and shows the last ones", async () => {
  const sample = await scheduledStudio({ nightly: NIGHTLY, often: { cron: "*/30 * * * *", missed: "skip" } });
  // Before anybody has worked: both wait for a worker.
  assertMatch(
    await textAt(sample, "/schedules"),
    /often pending Resume .* \*\/30 \* \* \* \* Time zone UTC Missed instants skip Next in 30 min 2026-01-31 12:30 UTC in 1 h/,
  );
  await sample.work();
  await sample.timers.advance(16 * 3_600_000);
  await sample.work();
  const text = await textAt(sample, "/schedules");
  assertMatch(
    text,
    /nightly running Pause .* Cancel .* Times 0 3 \* \* \* Time zone Europe\/Berlin Missed instants once Next in 22 h 2026-02-02 02:00 UTC in 46 h 2026-02-03 02:00 UTC in 3 days .* Last jobs 2 h ago completed/,
  );
  const { body } = await sample.json("/api/schedules");
  assertEquals(body.schedules.map(({ name }: { name: string }) => name), ["often", "nightly"]);
  const { last, next, ...nightly } = body.schedules[1];
  assertEquals(nightly, { jobId: "schedule/nightly", status: "running", name: "nightly", ...NIGHTLY, missed: "once" });
  assertEquals(next, ["2026-02-02T02:00:00.000Z", "2026-02-03T02:00:00.000Z", "2026-02-04T02:00:00.000Z"]);
  assertEquals(last.map(({ jobId }: { jobId: string }) => jobId), ["nightly@2026-02-01T02:00:00.000Z"]);
});

test("a schedule is paused, resumed and cancelled on its page; while it is paused no instant is said to come", async () => {
  const sample = await scheduledStudio({ nightly: NIGHTLY });
  await sample.work();
  const ask = async (act: string) => {
    assertEquals((await sample.form(`/job/${act}?id=schedule%2Fnightly`, {})).status, 303);
    await sample.work();
    return await textAt(sample, "/schedules");
  };
  assertMatch(await ask("pause"), /nightly paused Resume .* Next – Last jobs –/);
  assertMatch(await ask("resume"), /nightly running Pause .* Next in 14 h 2026-02-01 02:00 UTC/);
  assertMatch(await ask("cancel"), /nightly cancelled Redrive .* Next –/);
});

test("of very many schedules a page shows the newest, and leads on", async () => {
  const sample = await scheduledStudio(
    Object.fromEntries(Array.from({ length: 51 }, (_, n) => [`number ${n}`, NIGHTLY])),
  );
  const page = await (await sample.get("/schedules")).text();
  assertEquals(page.match(/<h2>/g)?.length, 50);
  const older = /href="([^"]*cursor=[^"]*)">Older/.exec(page)?.[1]?.replaceAll("&#38;", "&") ?? "";
  assertMatch(await textAt(sample, older), /^ ?Schedules number 0 pending/);
  assertEquals((await sample.get("/schedules?cursor=none")).status, 400);
});

test("schedules whose jobs cannot be understood are shown as far as they can", async () => {
  const sample = await scheduledStudio({ nightly: NIGHTLY, odd: { cron: "@daily" } });
  assertMatch(await textAt(sampleStudio(), "/schedules"), /There is no schedule in this store/);
  const { store } = sample;
  for (
    const [jobId, from, to] of [
      ["broken", '"0 3 * * *"', '"never"'],
      ["nameless", '"cron"', '"chron"'],
      ["elsewhere", '"timeZone"', '"zone"'],
      ["other", '"missed"', '"lost"'],
      ["empty", '"slot":"trigger"', '"slot":"change"'],
    ] as const
  ) {
    const stored = await store.load("schedule/nightly");
    if (stored === undefined) throw new Error("The schedule is gone");
    const snapshot = stored.snapshot.replaceAll('"schedule/nightly"', JSON.stringify(jobId)).replaceAll(from, to);
    await store.create([{ ...stored.record, jobId, snapshot, flow: stored.flow, token: jobId, claim: undefined }]);
  }
  const text = await textAt(sample, "/schedules");
  assertMatch(text, /nightly pending .* Times never .* Next –/);
  assertMatch(text, /nightly pending .* Times – Time zone Europe\/Berlin .* Next –/);
  assertMatch(text, /nightly pending .* Times 0 3 \* \* \* Time zone – Missed instants once Next –/);
  assertMatch(text, /Missed instants – Next in 14 h/);
  assertMatch(text, /empty pending .* Times – Time zone – Missed instants – Next –/);
  // One that is deleted between two looks is left out.
  const { load } = store;
  Object.assign(store, { load: async (id: string) => id === "broken" ? undefined : await load(id) });
  assertEquals((await sample.json("/api/schedules")).body.schedules.length, 6);
  // One whose timetable cannot be read says when it is due.
  await sample.work();
  const waiting = await store.load("schedule/nightly");
  if (waiting === undefined) throw new Error("The schedule is gone");
  const { record, flow, snapshot, entries } = waiting;
  const hidden = {
    snapshot: snapshot.replaceAll("timetable", "table"),
    entries: entries.map((it) => it.replaceAll("timetable", "table")),
  };
  Object.assign(store, {
    load: async (id: string) => id === "odd" ? undefined : { ...await load(id), record, flow, ...hidden },
  });
  const { body } = await sample.json("/api/schedules");
  assertEquals(body.schedules[0].next, ["2026-02-01T02:00:00.000Z"]);
});
