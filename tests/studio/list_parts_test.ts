import { test } from "node:test";
import { assertEquals, assertMatch } from "@std/assert";
import { textAt } from "./page_text.ts";
import { sampleStudio } from "./sample_studio.ts";

test("of long lists the page of a job shows a part, with links to the parts before and after", async () => {
  const sample = sampleStudio();
  await sample.start("many", Array.from({ length: 250 }, (_, n) => `item ${n}`));
  const at = async (path: string) => await (await sample.get(path)).text();
  const linksOf = (page: string, name: string) =>
    Array.from(page.matchAll(/href="([^"]*?)#(\w+)-title" aria-label="(\w+) part of/g), (found) => found)
      .filter(([, , id]) => id === name).map(([, link = "", , kind]) => [kind, link.replaceAll("&#38;", "&")]);
  const first = await at("/job?id=many");
  assertMatch(await textAt(sample, "/job?id=many"), /Pending tasks 1 to 100 of 250 → Task/);
  assertEquals(linksOf(first, "tasks"), [["Further", "/job?id=many&tasks=100"]]);
  assertEquals(linksOf(await at("/job?id=many&tasks=100"), "tasks"), [
    ["Earlier", "/job?id=many&tasks=0"],
    ["Further", "/job?id=many&tasks=200"],
  ]);
  const last = await textAt(sample, "/job?id=many&tasks=200");
  assertMatch(last, /Pending tasks ← 201 to 250 of 250 Task .* #751 payment paid awaiting/);
  assertMatch(await textAt(sample, "/job?id=many&awaited=240"), /Awaited answers ← 241 to 250 of 250 payment/);
  assertEquals(first.match(/aria-label="Deliver to payment, paid"/g)?.length, 20);
  // Shorter lists have none, and those that have become shorter begin anew.
  assertEquals(linksOf(first, "log"), []);
  assertMatch(await textAt(sample, "/job?id=many&tasks=900"), /Pending tasks 1 to 100 of 250 →/);
  assertEquals((await sample.get("/job?id=many&tasks=x")).status, 400);
  // What is shown of the past stays in the past; nothing moves while it is read.
  const past = await at("/job?id=many&revision=251&records=100");
  assertEquals(linksOf(past, "records")[0], ["Earlier", "/job?id=many&revision=251&records=0"]);
  assertEquals([/data-events/.test(first), /data-events/.test(await at("/job?id=many&tasks=100"))], [true, false]);
});

test("the history of a job is listed, the newest record first, with what was emitted", async () => {
  const sample = sampleStudio();
  await sample.start("j", ["unicorn"]);
  assertMatch(
    await textAt(sample, "/job?id=j"),
    /History 4 When Routine What Data now stock error \{.*"RangeError".*\} now stock start now intake emit item \{"item":"unicorn"\} now intake start/,
  );
});
