import { test } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import { Batcher, type BatcherOptions, Debouncer } from "../../src/routines/mod.ts";
import { runRoutine } from "../../src/testing/mod.ts";
import { type TrialItem, type TrialOptions, tryRoutine } from "../support/try_routine.ts";

const comes = (n: number, at = 0): TrialItem => ({ data: { n }, at });

/** The batches that are sent, each as `items@instant`. */
async function batches(
  options: BatcherOptions,
  items: readonly TrialItem[],
  trial: TrialOptions = {},
): Promise<string[]> {
  const { job, outputs } = await tryRoutine(new Batcher().setBatches(options), items, trial);
  assertEquals([job.error, job.status], [undefined, "completed"]);
  return outputs.map(({ data, at }) => {
    const { items } = data as { items: readonly { n: number }[] };
    return `${items.map(({ n }) => n).join(",")}@${at}`;
  });
}

test("a full batch is sent at once, in the order of its inputs", async () => {
  const items = [1, 2, 3, 4, 5].map((n) => comes(n));
  assertEquals(await batches({ size: 2, atEnd: "drop" }, items), ["1,2@0", "3,4@0"]);
  assertEquals(await batches({ size: 1 }, items.slice(0, 2)), ["1@0", "2@0"]);
});

test("a batch that does not fill is sent when the time of its first input is up", async () => {
  const items = [comes(1, 0), comes(2, 60), comes(3, 130), comes(4, 500)];
  assertEquals(await batches({ size: 3, timeoutMs: 100 }, items), ["1,2@100", "3@230", "4@600"]);
});

test("the time of a batch that was full does not cut the next one short", async () => {
  const items = [comes(1, 0), comes(2, 10), comes(3, 50), comes(4, 60), comes(5, 70)];
  assertEquals(await batches({ size: 2, timeoutMs: 100 }, items), ["1,2@10", "3,4@60", "5@170"]);
});

test("C412 what does not fill a batch is sent at the end of the job, after all that is still to come", async () => {
  const items = [comes(1), comes(2), comes(3), comes(4, 500)];
  assertEquals(await batches({ size: 3 }, items), ["1,2,3@0", "4@500"]);
  assertEquals(await batches({ size: 3 }, items, { strategy: "concurrent", moved: true }), ["1,2,3@0", "4@500"]);
});

test("C412 a batcher that is to fail names what is left, and one that drops it keeps it", async () => {
  const failing = new Batcher().setBatches({ size: 3, atEnd: "fail" });
  const failed = await tryRoutine(failing, [comes(1), comes(2)]);
  assertEquals([failed.job.status, failed.job.error?.code, failed.outputs], ["failed", "OPEN_GROUPS", []]);
  const dropping = new Batcher().setBatches({ size: 3, atEnd: "drop" });
  const { job, outputs } = await tryRoutine(dropping, [comes(1), comes(2)]);
  assertEquals([job.status, outputs], ["completed", []]);
  assertEquals(job.toJSON().slots?.["subject"]?.["batch"]?.lists?.map(({ items }) => items), [[{ n: 1 }, { n: 2 }]]);
});

test("in concurrent mode no input is lost, none is doubled", async () => {
  const items = Array.from({ length: 50 }, (_, n) => comes(n, n % 5));
  const found = await batches({ size: 7, timeoutMs: 20 }, items, { strategy: "concurrent" });
  const numbers = found.map((it) => it.split("@")[0]?.split(",").map(Number) ?? []);
  assertEquals(numbers.map((it) => it.length), [7, 7, 7, 7, 7, 7, 7, 1]);
  assertEquals(numbers.flat().sort((a, b) => a - b), items.map((_, n) => n));
});

test("inputs of any kind are batched: texts, numbers, lists, null, dates", async () => {
  const values = ["a", 5, [1], null, { $: new Date(5) }];
  const { outputs } = await tryRoutine(new Batcher().setBatches({ size: 5 }), values.map((data) => ({ data })), {
    moved: true,
  });
  assertEquals(outputs.map(({ data }) => data), [{ items: values }]);
});

test("the settings of a batcher move with the flow, and setting them again forgets the old ones", async () => {
  assertEquals(await batches({ size: 2, timeoutMs: 100 }, [1, 2, 3].map((n) => comes(n)), { moved: true }), [
    "1,2@0",
    "3@100",
  ]);
  const batcher = new Batcher().setBatches({ size: 2, timeoutMs: 100 }).setBatches({ size: 3 });
  assertEquals(batcher.getConfig(), { size: 3 });
});

test("a size or a time out of range is refused", () => {
  const message = (options: BatcherOptions) =>
    assertThrows(() => new Batcher().setBatches(options), RangeError).message;
  assertEquals(message({ size: 0 }), "Cannot set batches: size must be an integer of at least 1, current value is 0");
  assertEquals(
    message({ size: 1, timeoutMs: NaN }),
    "Cannot set batches: timeoutMs must be a number of milliseconds, between 0 and 9007199254740991, current value is NaN",
  );
});

/** What a debouncer sends, each as `n@instant`. */
async function settled(quietMs: number, items: readonly TrialItem[], trial: TrialOptions = {}): Promise<string[]> {
  const { job, outputs } = await tryRoutine(new Debouncer().setQuiet(quietMs), items, trial);
  assertEquals([job.error, job.status], [undefined, "completed"]);
  return outputs.map(({ data, at }) => `${(data as { n: number }).n}@${at}`);
}

test("a debouncer sends the last input, once none has come for the time", async () => {
  const items = [comes(1, 0), comes(2, 50), comes(3, 149), comes(4, 400), comes(5, 600)];
  assertEquals(await settled(100, items), ["3@249", "4@500", "5@700"]);
});

test("an input at the very end of the quiet time still holds the last one back", async () => {
  assertEquals(await settled(100, [comes(1, 0), comes(2, 100)]), ["2@200"]);
});

test("inputs at the same instant: only the last is sent", async () => {
  assertEquals(await settled(10, [comes(1), comes(2), comes(3)]), ["3@10"]);
  assertEquals(await settled(10, [comes(1), comes(2), comes(3)], { strategy: "concurrent" }), ["3@10"]);
});

test("equal inputs are told apart", async () => {
  assertEquals(await settled(100, [comes(1, 0), comes(1, 60), comes(1, 500)]), ["1@160", "1@600"]);
});

test("without a quiet time a debouncer sends what comes, the last of what comes at once", async () => {
  const { outputs } = await tryRoutine(new Debouncer(), [comes(1, 0), comes(2, 10)]);
  assertEquals(outputs.map(({ data }) => data), [{ n: 1 }, { n: 2 }]);
});

test("the quiet time moves with the flow, and data that JSON alone cannot hold arrives as it was", async () => {
  const { outputs } = await tryRoutine(new Debouncer().setQuiet(100), [{ data: new Map([["a", 1n]]) }], {
    moved: true,
  });
  assertEquals(outputs, [{ event: "output", data: new Map([["a", 1n]]), at: 100 }]);
});

test("a negative quiet time is refused", () => {
  assertEquals(
    assertThrows(() => new Debouncer().setQuiet(-1), RangeError).message,
    "Cannot set quiet: quietMs must be a number of milliseconds, between 0 and 9007199254740991, current value is -1",
  );
});

test("a deadline that is left over, where nothing has been collected, ends nothing", async () => {
  const routine = new Batcher().setBatches({ size: 2, timeoutMs: 10 });
  const { job, emitted } = await runRoutine(routine, routine.getSlot("deadline") as never, {} as never);
  assertEquals([job.error, job.status, emitted], [undefined, "completed", []]);
});
