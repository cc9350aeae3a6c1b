import { test } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import { Engine } from "../../mod.ts";
import { memoryStore } from "../../src/stores/memory_store.ts";
import { Throttle, type ThrottleOptions } from "../../src/routines/mod.ts";
import { manualIds, manualTimers, runRoutine } from "../../src/testing/mod.ts";
import { seededRandom } from "../support/seeded_random.ts";
import {
  moveJob,
  outputsOf,
  passAllTime,
  trialFlow,
  type TrialItem,
  type TrialOptions,
  tryRoutine,
} from "../support/try_routine.ts";

const comes = (n: number, at = 0): TrialItem => ({ data: n, at });
const numbers = (count: number, at = 0) => Array.from({ length: count }, (_, n) => comes(n, at));

/** What passes, each as `n@instant`. */
async function passed(rate: ThrottleOptions, items: readonly TrialItem[], trial: TrialOptions = {}): Promise<string[]> {
  const { job, outputs } = await tryRoutine(new Throttle().setRate(rate), items, trial);
  assertEquals([job.error, job.status], [undefined, "completed"]);
  return outputs.map(({ data, at }) => `${data}@${at}`);
}

/** The most instants in any stretch of a length, its end not included. */
function mostWithin(instants: readonly number[], length: number): number {
  return Math.max(...instants.map((from) => instants.filter((at) => at >= from && at < from + length).length));
}

test("what comes too fast waits its turn, in order; nothing is dropped", async () => {
  assertEquals(await passed({ count: 2, intervalMs: 100 }, numbers(5)), ["0@0", "1@0", "2@100", "3@100", "4@200"]);
  assertEquals(await passed({ count: 1, intervalMs: 30 }, numbers(3, 7)), ["0@7", "1@37", "2@67"]);
});

test("what comes slowly enough passes at once", async () => {
  assertEquals(await passed({ count: 2, intervalMs: 100 }, [comes(1, 0), comes(2, 50), comes(3, 100), comes(4, 150)]), [
    "1@0",
    "2@50",
    "3@100",
    "4@150",
  ]);
});

test("the rate holds over any stretch of time, not over fixed ones", async () => {
  const items = [comes(1, 0), comes(2, 90), comes(3, 95), comes(4, 101), comes(5, 300)];
  assertEquals(await passed({ count: 2, intervalMs: 100 }, items), ["1@0", "2@90", "3@100", "4@190", "5@300"]);
});

test("for random inputs and rates the rate holds, order is kept, and nothing waits without need", async () => {
  for (let seed = 1; seed <= 40; seed++) {
    const random = seededRandom(seed);
    const [count, intervalMs] = [1 + random.integer(4), 1 + random.integer(200)];
    let at = 0;
    const items = Array.from({ length: 40 }, (_, n) => comes(n, at += random.chance(0.5) ? 0 : random.integer(90)));
    const { outputs } = await tryRoutine(new Throttle().setRate({ count, intervalMs }), items);
    const instants = outputs.map((output) => output.at);
    assertEquals(outputs.map(({ data }) => data), items.map(({ data }) => data), `seed ${seed}`);
    assertEquals(mostWithin(instants, intervalMs) <= count, true, `seed ${seed}: ${instants}`);
    instants.forEach((instant, index) => {
      const free = Math.max(
        items[index]?.at ?? 0,
        instants[index - 1] ?? 0,
        (instants[index - count] ?? -Infinity) + intervalMs,
      );
      assertEquals(instant, free, `seed ${seed}, input ${index}`);
    });
  }
});

test("in concurrent mode the rate holds and order is kept, too", async () => {
  assertEquals(await passed({ count: 2, intervalMs: 100 }, numbers(5), { strategy: "concurrent" }), [
    "0@0",
    "1@0",
    "2@100",
    "3@100",
    "4@200",
  ]);
});

test("without a rate everything passes at once", async () => {
  const { outputs } = await tryRoutine(new Throttle(), numbers(3));
  assertEquals(outputs.map(({ data, at }) => [data, at]), [[0, 0], [1, 0], [2, 0]]);
});

test("the rate moves with the flow", async () => {
  const moved = await passed({ count: 1, intervalMs: 50 }, numbers(3), { moved: true });
  assertEquals(moved, ["0@0", "1@50", "2@100"]);
});

test("the state of a throttle stays small, however much passes", async () => {
  const { job } = await tryRoutine(new Throttle().setRate({ count: 3, intervalMs: 10 }), numbers(200));
  const state = job.routineStates["subject"]?.state ?? {};
  assertEquals(Object.keys(state).sort(), ["last", "sent", "sent 198", "sent 199", "sent 200"]);
});

test("what is stored for an input does not grow with the count of the rate", async () => {
  const bytesPerInput = async (count: number) => {
    const store = memoryStore();
    const { append } = store;
    let bytes = 0;
    store.append = (jobId, revision, entries, head) => {
      bytes += entries.join("").length;
      return append(jobId, revision, entries, head);
    };
    const timers = manualTimers(1_700_000_000_000);
    const engine = new Engine({ timers, ids: manualIds(), store });
    const flow = trialFlow(new Throttle().setRate({ count, intervalMs: 1_000 }), engine);
    const job = flow.execute("feed", { items: numbers(count) });
    await passAllTime(timers);
    assertEquals(outputsOf(job).length, count);
    return bytes / count;
  };
  const [few, many] = [await bytesPerInput(50), await bytesPerInput(400)];
  assertEquals(many < few * 1.5, true, `${few} and ${many} bytes`);
});

test("a lower rate forgets what only the higher one had to know", async () => {
  const timers = manualTimers();
  const engine = new Engine({ timers, ids: manualIds() });
  const flow = trialFlow(new Throttle().setRate({ count: 5, intervalMs: 100 }), engine);
  const job = flow.execute("feed", { items: numbers(12) });
  await timers.advance(50);
  await flow.pause(job);
  const text = JSON.stringify({ flow, job }).replace('"count":5', '"count":2');
  const later = moveJob(text, 1_000);
  later.flow.resume(later.job);
  await passAllTime(later.timers);
  assertEquals(outputsOf(later.job).length, 12);
  const state = later.job.routineStates["subject"]?.state ?? {};
  assertEquals(Object.keys(state).sort(), ["last", "sent", "sent 11", "sent 12"]);
});

test("a job that was paused for long does not send all that waited at once", async () => {
  const timers = manualTimers();
  const engine = new Engine({ timers, ids: manualIds() });
  const flow = trialFlow(new Throttle().setRate({ count: 2, intervalMs: 100 }), engine);
  const job = flow.execute("feed", { items: numbers(7) });
  await timers.advance(50);
  await flow.pause(job);
  const later = moveJob(JSON.stringify({ flow, job }), 10_000);
  later.flow.resume(later.job);
  await passAllTime(later.timers);
  const outputs = outputsOf(later.job);
  assertEquals(outputs.map(({ data }) => data), [0, 1, 2, 3, 4, 5, 6]);
  const instants = outputs.map(({ at }) => at);
  assertEquals(mostWithin(instants, 100) <= 2, true, `sent at ${instants}`);
});

test("a count or a time out of range is refused", () => {
  const message = (rate: ThrottleOptions) => assertThrows(() => new Throttle().setRate(rate), RangeError).message;
  assertEquals(
    message({ count: 0, intervalMs: 1 }),
    "Cannot set rate: count must be an integer of at least 1, current value is 0",
  );
  assertEquals(
    message({ count: 1, intervalMs: 0 }),
    "Cannot set rate: intervalMs must be a number of milliseconds, between 1 and 9007199254740991, current value is 0",
  );
});

test("a turn that comes without anything in line passes nothing", async () => {
  const throttle = new Throttle().setRate({ count: 1, intervalMs: 100 });
  const { job, emitted } = await runRoutine(throttle, throttle.getSlot("turn") as never, {} as never);
  assertEquals([job.status, emitted], ["completed", []]);
});

test("the clock is set back: inputs wait for one more interval at the most, and the rate holds", async () => {
  const timers = manualTimers(12 * 3_600_000);
  const flow = trialFlow(
    new Throttle().setRate({ count: 2, intervalMs: 100 }),
    new Engine({ timers, ids: manualIds() }),
  );
  const seen: number[] = [];
  const items = [comes(1), comes(2), comes(3), comes(4), comes(5), comes(6, 150), comes(7, 500)];
  const job = flow.execute("feed", { items }, { onOutput: () => void seen.push(timers.elapsed()) });
  await timers.advance(50);
  await timers.setClock(timers.now() - 3_600_000);
  await timers.advance(10_000);
  assertEquals([job.status, seen], ["completed", [0, 0, 200, 200, 300, 300, 500]]);
});
