import { test } from "node:test";
import { assertEquals, assertMatch } from "@std/assert";
import { textAt } from "./page_text.ts";
import { sampleJobs, type SampleStudio, sampleStudio } from "./sample_studio.ts";

// What pages draw: places, sizes and kinds, which their texts do not say.

/** The part of a page that stands in a section. */
async function sectionOf({ get }: SampleStudio, path: string, id: string): Promise<string> {
  const page = await (await get(path)).text();
  return page.split(`id="${id}"`)[1]?.split("</section>")[0] ?? "";
}

/** What stands in attributes of the elements that a pattern finds. */
function attributesOf(html: string, element: RegExp, names: readonly string[]): string[][] {
  return Array.from(
    html.matchAll(element),
    ([tag]) => names.map((name) => new RegExp(`\\s${name}="([^"]*)"`).exec(tag)?.[1] ?? ""),
  );
}

test("the graph and the timeline of a revision are those of then", async () => {
  const sample = await sampleJobs();
  const looks = async (path: string) => {
    const nodes = attributesOf(await sectionOf(sample, path, "graph"), /<g class="routilux-node[^>]*>/g, ["class"]);
    const spans = attributesOf(await sectionOf(sample, path, "timeline"), /<rect class="span[^>]*>/g, ["class"]);
    return [nodes.map(([it]) => it?.split("-").at(-1)), spans.map(([it]) => it)];
  };
  assertEquals(await looks("/job?id=fails"), [
    ["completed", "idle", "failed", "idle", "idle"],
    ["span is-ran", "span is-failed"],
  ]);
  assertEquals(await looks("/job?id=fails&revision=2"), [
    ["completed", "idle", "ready", "idle", "idle"],
    ["span is-ran", "span is-ready is-pending"],
  ]);
});

test("a timeline fills its page, or is some times as wide, and each bar stands where its time is", async () => {
  const sample = sampleStudio();
  await sample.start("waits", ["book"]);
  await sample.timers.advance(4_000);
  await sample.form("/job/deliver?id=waits", { to: '["payment","paid"]', data: '{"amount":7}' });
  await sample.work();
  await sample.start("later", ["book"]);
  await sample.timers.advance(4_000);
  const timeline = async (path: string) => {
    const drawn = await sectionOf(sample, path, "timeline");
    const [[look = "", width = ""] = []] = attributesOf(drawn, /<svg[^>]*>/g, ["class", "width"]);
    const bars = attributesOf(drawn, /<rect class="span[^>]*>/g, ["class", "x", "width"]);
    return { look, width, bars, ticks: drawn.match(/class="tick"/g)?.length };
  };
  const whole = await timeline("/job?id=waits");
  assertEquals([whole.look, whole.width, whole.ticks], ["gantt by-1", "", 9]);
  assertEquals(whole.bars, [
    ["span is-ran", "0%", "0.3%"],
    ["span is-ran", "0%", "0.3%"],
    ["span is-ran", "100%", "0.3%"],
    ["span is-ran", "0%", "0.3%"],
  ]);
  const wide = await timeline("/job?id=waits&zoom=4");
  assertEquals([wide.look, wide.ticks, wide.bars[0]?.[2]], ["gantt by-4", 21, "0.075%"]);
  assertEquals((await timeline("/job?id=waits&zoom=3")).look, "gantt by-1");
  const { bars } = await timeline("/job?id=later");
  assertEquals(bars.filter(([look]) => look?.includes("pending")), [["span is-awaiting is-pending", "0%", "100%"]]);
});

test("the slider reaches from the first revision that is kept to the last, with a step to either side", async () => {
  const sample = await sampleJobs();
  const slider = async (revision: string) => {
    const section = await sectionOf(sample, `/job?id=fails${revision}`, "time");
    const form = section.split("</form>")[0] ?? "";
    const steps = attributesOf(form, /<a class="button[^>]*>/g, ["href"]).map(([it]) =>
      /revision=(\d+)/.exec(`${it}`)?.[1]
    );
    return [attributesOf(form, /<input type="range"[^>]*>/g, ["min", "max", "value"])[0], steps];
  };
  assertEquals(await slider("&revision=1"), [["0", "3", "1"], ["0", "2"]]);
  assertEquals(await slider("&revision=0"), [["0", "3", "0"], ["1"]]);
  assertEquals(await slider(""), [["0", "3", "3"], ["2"]]);
});

test("the page of workers says how long each lease lasts", async () => {
  const sample = await sampleJobs();
  const { owners: [{ leaseLeftMs }] } = (await sample.json("/api/workers")).body;
  assertMatch(await textAt(sample, "/workers"), new RegExp(`Lease left \\S+ 1 ${Math.round(leaseLeftMs / 1_000)} s `));
});

test("the page of workers says since when the oldest job is due, and shows the share of each queue", async () => {
  const sample = sampleStudio();
  const { flow, timers } = sample;
  const at = timers.now();
  await flow.startMany("intake", [{ at: at + 2_000 }, { at: at + 1_000 }, { at: at + 3_000 }, { queue: "slow" }]);
  await timers.advance(62_000);
  assertMatch(await textAt(sample, "/workers"), /default 3 0 0 3 1 min 1 s ago slow 1 0 0 1 1 min 2 s ago/);
  const queues = await sectionOf(sample, "/workers", "queues");
  assertEquals(attributesOf(queues, /<rect width[^>]*>/g, ["width"]), [["120"], ["40"]]);
});

test("the document of the revision that is shown can be downloaded", async () => {
  const sample = await sampleJobs();
  const linkAt = async (path: string) => {
    const page = await (await sample.get(path)).text();
    return attributesOf(page, /<a [^>]*\sdownload[^>]*>/g, ["href", "download"])[0];
  };
  assertEquals(await linkAt("/job?id=fails"), ["/api/job/document?id=fails", "job.json"]);
  assertEquals(await linkAt("/job?id=fails&revision=1"), ["/api/job/document?id=fails&#38;revision=1", "job.json"]);
});

test("the list of jobs keeps its filter by age, in its form and its links", async () => {
  const page = await (await (await sampleJobs()).get("/?createdBefore=2026-01-31T12:00:01Z")).text();
  assertEquals(attributesOf(page, /<input name="createdBefore"[^>]*>/g, ["value"]), [["2026-01-31T12:00:01Z"]]);
  assertMatch(page, /href="\/\?createdBefore=2026-01-31T12%3A00%3A01Z&#38;status=running"/);
  assertEquals(page.match(/<tr role="row"><td/g)?.length, 1);
});

test("a chart of the throughput has a bar for each part, as high as its count, what failed on top", async () => {
  const sample = sampleStudio();
  await sample.start("first", []);
  await sample.timers.advance(60_000);
  for (const id of ["second", "third", "fourth"]) await sample.start(id, []);
  await sample.start("fails", ["unicorn"]);
  const charts = (await sectionOf(sample, "/workers", "throughput")).split("<figure");
  const bars = charts.slice(1).map((it) => attributesOf(it, /<rect[^>]*>/g, ["class", "x", "y", "height"]));
  assertEquals(bars.slice(0, 2), [
    [["is-ran", "336", "42", "14"], ["is-ran", "348", "0", "56"]],
    [["is-ran", "336", "42", "14"], ["is-ran", "348", "14", "42"], ["is-failed", "348", "0", "14"]],
  ]);
});
