import { test } from "node:test";
import { assert, assertEquals, assertGreater } from "@std/assert";
import { FencedError, type Store } from "../../../src/ports/mod.ts";
import { keyValueStore } from "../../../src/stores/key_value_store.ts";
import { memoryStore } from "../../../src/stores/memory_store.ts";
import { manualIds } from "../../../src/testing/mod.ts";
import { type Around, createKeyValues, type KeyValues, type StorageCall } from "../../support/shared_key_values.ts";
import { storeScript, viewOf } from "../../support/sample_store_calls.ts";

// The storage fails once at each single call of a script, or the process dies there. The stored state must be that
// before the step or that after it, and the script must reach the same end.

const OPTIONS = { maxValueBytes: 1_000, ids: manualIds("uid") };
const steps = storeScript();

function open(values: KeyValues, around?: Around): Store {
  return keyValueStore(values.connect(around), OPTIONS);
}

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

async function countCalls(): Promise<number> {
  let calls = 0;
  const store = open(createKeyValues(), { before: () => void calls++ });
  for (const { run } of steps) await run(store);
  return calls;
}

/** Throws at one call, or at one call and all after it; `tell` is called at the first failure. */
function failAt(
  index: number,
  moment: "before" | "after",
  isDead: boolean,
  tell: (call: StorageCall) => void,
): Around {
  let hasFailed = false;
  const fail = (call: StorageCall): void => {
    if (call.index !== index && !(isDead && call.index > index)) return;
    if (!hasFailed) tell(call);
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

/** Values of a creation that died, or whose last call got no answer: nobody knows whether they are in use. */
function isLeftByCreate(key: string): boolean {
  return /^routilux\/data\/\w+\/uid-\d+\/(f\/0|s\/0\/uid-\d+)\/\d+$/.test(key);
}

async function tryAt(
  index: number,
  moment: "before" | "after",
  isDead: boolean,
  views: readonly string[],
): Promise<void> {
  const values = createKeyValues();
  let failed: StorageCall | undefined;
  let store = open(values, failAt(index, moment, isDead, (call) => failed = call));
  for (let at = 0; at < steps.length; at++) {
    const { name, run } = steps[at] ?? { name: "", run: () => {} };
    try {
      await run(store);
      continue;
    } catch (error) {
      assert(!(error instanceof FencedError), `${name}: ${error}`);
    }
    const now = await viewOf(open(values));
    assert(now === views[at] || now === views[at + 1], `call ${index} failed in "${name}" and left ${now}`);
    if (isDead) store = open(values);
    if (now !== views[at + 1]) at--;
  }
  const later = open(values);
  assertEquals(await viewOf(later), views.at(-1));
  for (const { jobId } of (await later.list()).jobs) await later.delete(jobId);
  const isUnknown = isDead || failed?.name === "set" && failed.key.startsWith("routilux/job/");
  const left = [...values.entries.keys()].filter((key) => !(isUnknown && isLeftByCreate(key)));
  assertEquals(left, [], `left by call ${index}, ${failed?.name} ${failed?.key}`);
}

for (
  const [what, moment, isDead] of [
    ["a call that fails and was not made", "before", false],
    ["a call that fails though it was made", "after", false],
    ["the end of the process before a call", "before", true],
    ["the end of the process after a call", "after", true],
  ] as const
) {
  test(`keyValueStore() survives ${what}, wherever it is`, { timeout: 60_000 }, async () => {
    const views = await viewsOfReference();
    const calls = await countCalls();
    assertGreater(calls, 200);
    for (let index = 0; index < calls; index++) await tryAt(index, moment, isDead, views);
  });
}
