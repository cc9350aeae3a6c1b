import { test } from "node:test";
import { assert, assertEquals, assertGreater } from "@std/assert";
import { FencedError, type Store } from "../../../src/ports/mod.ts";
import { keyValueStore } from "../../../src/stores/key_value_store.ts";
import { memoryStore } from "../../../src/stores/memory_store.ts";
import { manualIds } from "../../../src/testing/manual_ids.ts";
import { createJob, enter } from "../../../src/testing/store_contract/sample_jobs.ts";
import { createLatch } from "../../support/latch.ts";
import { type Around, createKeyValues, type KeyValues, type StorageCall } from "../../support/shared_key_values.ts";
import { type Step, storeScript, viewOf } from "../../support/sample_store_calls.ts";

// The storage fails once at each single call of each step of a script, or the process dies there. The stored state must be
// that before the step or that after it, the step can be repeated, and the next steps do what they do otherwise.

const OPTIONS = { maxValueBytes: 1_000, ids: manualIds("uid") };
/** How many steps are made after the one that failed. */
const FURTHER = 2;

/** A step, with its place in the script and the storage before it. */
interface Scene {
  readonly at: number;
  readonly step: Step;
  readonly values: KeyValues;
  readonly calls: number;
}

function open(values: KeyValues, around?: Around): Store {
  return keyValueStore(values.connect(around), OPTIONS);
}

const steps = storeScript();

/** The reference's state before each step, and after the last. */
async function viewsOfReference(): Promise<string[]> {
  const store = memoryStore();
  const views = [await viewOf(store)];
  for (const { run } of steps) {
    await run(store);
    views.push(await viewOf(store));
  }
  return views;
}

/** The storage before each step, and how many calls the step makes; of steps that make the same kinds of calls, the first. */
async function scenes(): Promise<Scene[]> {
  const values = createKeyValues();
  const found = new Map<string, Scene>();
  for (const [at, step] of steps.entries()) {
    const before = createKeyValues(values);
    const calls: string[] = [step.name.replaceAll(/\d/g, "")];
    await step.run(open(values, { before: ({ name, key }) => void calls.push(`${name} ${kindOf(key)}`) }));
    const signature = calls.join();
    if (!found.has(signature)) found.set(signature, { at, step, values: before, calls: calls.length - 1 });
  }
  return [...found.values()];
}

/** A key without names and numbers. */
function kindOf(key: string): string {
  return key.split("/").filter((part) => /^[a-z]+$/.test(part)).join("/");
}

/** Throws at one call, or at one call and all after it. */
function failAt(index: number, moment: "before" | "after", isDead: boolean): Around {
  let hasFailed = false;
  const fail = (call: StorageCall): void => {
    if (call.index !== index && !(isDead && call.index > index)) return;
    hasFailed = true;
    throw new Error(`The storage fails at call ${call.index}, ${call.name} ${call.key}`);
  };
  // The last request of a dead process may have been performed; it sends no others.
  return moment === "before" ? { before: fail } : {
    before: (call) => {
      if (hasFailed && isDead) fail(call);
    },
    after: fail,
  };
}

async function tryAt(
  { at, step, values: before }: Scene,
  index: number,
  moment: "before" | "after",
  isDead: boolean,
  views: readonly string[],
): Promise<void> {
  const what = `call ${index} failed in "${step.name}"`;
  const values = createKeyValues(before);
  const store = open(values, failAt(index, moment, isDead));
  let isMade = true;
  try {
    await step.run(store);
  } catch (error) {
    assert(!(error instanceof FencedError), `${step.name}: ${error}`);
    const now = await viewOf(open(values));
    assert(now === views[at] || now === views[at + 1], `${what} and left ${now}`);
    isMade = now === views[at + 1];
  }
  const later = isDead ? open(values) : store;
  if (!isMade) await step.run(later);
  const end = Math.min(at + 1 + FURTHER, steps.length);
  for (const { run } of steps.slice(at + 1, end)) await run(later);
  assertEquals(await viewOf(open(values)), views[end], `${what}, and the next steps were made`);
  for (const life of (await later.list()).jobs) await later.delete(life);
  // Keys that an interrupted write has left are removed by whoever meets them.
  await viewOf(later);
  await later.purge({ endedBefore: Infinity, limit: 1 });
  const left = [...values.entries.keys()].filter((key) => !/^routilux\/(owner|last|survived)/.test(key));
  assertEquals(left, [], `${what}, and left keys`);
}

for (
  const [what, moment, isDead] of [
    ["a call that fails and was not made", "before", false],
    ["a call that fails though it was made", "after", false],
    // What the end after a call leaves is what the end before the next one leaves.
    ["the end of the process before a call", "before", true],
  ] as const
) {
  test(`keyValueStore() survives ${what}, wherever it is`, { timeout: 60_000 }, async () => {
    const views = await viewsOfReference();
    let tried = 0;
    for (const scene of await scenes()) {
      for (let index = 0; index < scene.calls; index++, tried++) await tryAt(scene, index, moment, isDead, views);
    }
    assertGreater(tried, 200);
  });
}

test("who sweeps after replacing a flow keeps what another one has put in its place at the same revision", async () => {
  const values = createKeyValues();
  const [isSweeping, goesOn] = [createLatch(), createLatch()];
  let isReplacing = false;
  const first = keyValueStore(values.connect({
    async before({ name }) {
      if (name !== "delete" || !isReplacing) return;
      isSweeping.open();
      await goesOn.passed;
    },
  }));
  const second = keyValueStore(values.connect());
  const claim = await createJob(first, "job", 1, { claim: await enter(first, "engine") });
  isReplacing = true;
  const replaced = (by: string) => ({ flowHash: by, flow: `flow of ${by}`, snapshot: `snapshot of ${by}` });
  const replacing = first.replaceFlow?.(claim, 1, replaced("first"));
  await isSweeping.passed;
  await second.replaceFlow?.(claim, 1, replaced("second"));
  goesOn.open();
  await replacing;
  const { flow, snapshot } = await second.load("job") ?? {};
  assertEquals([flow, snapshot], ["flow of second", "snapshot of second"]);
  await Promise.all([first.close(), second.close()]);
});
