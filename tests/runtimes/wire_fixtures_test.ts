import { test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import leg1 from "../fixtures/wire/v1/leg_01_deno.json" with { type: "json" };
import leg2 from "../fixtures/wire/v1/leg_02_bun.json" with { type: "json" };
import leg3 from "../fixtures/wire/v1/leg_03_node.json" with { type: "json" };
import leg4 from "../fixtures/wire/v1/leg_04_workerd.json" with { type: "json" };
import leg5 from "../fixtures/wire/v1/leg_05_deno.json" with { type: "json" };
import leg6 from "../fixtures/wire/v1/leg_06_bun.json" with { type: "json" };
import leg7 from "../fixtures/wire/v1/leg_07_node.json" with { type: "json" };
import leg8 from "../fixtures/wire/v1/leg_08_workerd.json" with { type: "json" };
import leg9 from "../fixtures/wire/v1/leg_09_deno.json" with { type: "json" };
import leg10 from "../fixtures/wire/v1/leg_10_bun.json" with { type: "json" };
import { hasEnded, runLeg, Runner, stayInPlace } from "./relay.ts";

const texts = [leg1, leg2, leg3, leg4, leg5, leg6, leg7, leg8, leg9, leg10].map((leg) => JSON.stringify(leg));

texts.forEach((text, index) => {
  const leg = index + 1;
  test(`what leg ${leg} of the relay left in version 1 is read, and written as it was`, () => {
    assertEquals(Runner.next(text).text(), text);
  });
  test(`leg ${leg} of the relay leaves what it left in version 1, to the byte`, async () => {
    assertEquals(await runLeg(texts[index - 1] ?? ""), text);
  });
});

test("the relay's last leg has ended the job, the others have not", () => {
  assertEquals(texts.map(hasEnded), texts.map((text) => text === texts.at(-1)));
});

test("a job that is never moved leaves the same texts as the relay of version 1", async () => {
  assertEquals(await stayInPlace(), texts);
});

test("the relay carries every kind of work that can be under way", () => {
  const jobs = [leg1, leg2, leg3, leg9].map(({ job }) => job);
  const tasks: readonly object[] = jobs.flatMap(({ pendingTasks }) => pendingTasks as object[]);
  for (const mark of ["parked", "attempt", "notBefore", "progress", "awaiting"]) {
    assert(tasks.some((task) => mark in task), `no task is ${mark}`);
  }
  assertEquals(leg1.job.deferredEvents.length, 1);
});
