import { test } from "node:test";
import { assertEquals, assertMatch } from "@std/assert";
import { studio } from "../../src/studio/mod.ts";
import { manualTimers } from "../../src/testing/mod.ts";
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

test("children that nobody waits for are shown, too; of many the newest, with a link to all", async () => {
  const { get } = await familyStudio({ items: Array.from({ length: 25 }, (_, n) => n), detached: true });
  const page = await (await get("/job?id=job")).text();
  assertEquals(page.match(/<td>square<\/td>/g)?.length, 20);
  assertMatch(page, /<a href="\/\?parent=job">All jobs that it has started<\/a>/);
  assertMatch(await textAt({ get }, "/job?id=job"), /square completed 1 min ago – /);
});
