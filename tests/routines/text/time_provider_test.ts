import { test } from "node:test";
import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { type TimeInfo, TimeProvider } from "../../../src/routines/text/mod.ts";
import { manualTimers, runRoutine } from "../../../src/testing/mod.ts";

const AT = Date.UTC(2024, 1, 29, 13, 5, 9, 70);

async function tell(provider = new TimeProvider(), at = AT): Promise<TimeInfo> {
  const { job, emitted } = await runRoutine(provider, provider.trigger, {}, { timers: manualTimers(at) });
  assertEquals([job.error, job.status, emitted.length], [undefined, "completed", 1]);
  return emitted[0]?.data as TimeInfo;
}

test("C314 the time is told as a text, as a number and as a date", async () => {
  assertEquals(await tell(), { text: "2024-02-29T13:05:09.070Z", timestamp: 1_709_211_909.07, date: new Date(AT) });
});

test("C315 a local format is that of the host's Intl, by locale and time zone", async () => {
  const { text } = await tell(new TimeProvider().setFormat("local").setConfig({ locale: "zh-CN" }));
  assertMatch(text, /2024年/);
  const zoned = await tell(
    new TimeProvider().setFormat("local").setConfig({ locale: "en-GB", timeZone: "Asia/Tokyo" }),
  );
  assertMatch(zoned.text, /29 February 2024.*22:05/);
});

test("C316 a timestamp is a number of seconds, with its fraction", async () => {
  const { text, timestamp } = await tell(new TimeProvider().setFormat("timestamp"), 1_500);
  assertEquals([text, timestamp], ["1.5", 1.5]);
});

test("C317 a pattern of one's own", async () => {
  const told = async (pattern: string) => (await tell(new TimeProvider().setFormat(pattern))).text;
  assertMatch(await told("%Y-%m-%d"), /^\d{4}-\d{2}-\d{2}$/);
  assertEquals(await told("%Y-%m-%d"), "2024-02-29");
  assertEquals(await told("%d.%m.%Y, %H:%M:%S,%L is 100%%"), "29.02.2024, 13:05:09,070 is 100%");
});

test("the instant is that of the engine's clock", async () => {
  assertEquals(await tell(new TimeProvider(), 0), {
    text: "1970-01-01T00:00:00.000Z",
    timestamp: 0,
    date: new Date(0),
  });
});

test("patterns and formats that mean nothing are refused when they are set", () => {
  for (const [format, what] of [["%Y-%q", '"%q"'], ["50%", '"%"']] as const) {
    assertThrows(
      () => new TimeProvider().setFormat(format),
      TypeError,
      `Cannot set the format: ${what} stands for nothing; known are "%Y", "%m", "%d", "%H", "%M", "%S", "%L", "%%"`,
    );
  }
  assertThrows(
    () => new TimeProvider().setFormat("isoo"),
    TypeError,
    'Cannot set the format: expected "iso", "timestamp", "local" or a pattern such as "%Y-%m-%d", got "isoo"',
  );
});

test("a locale that is none is the task's error", async () => {
  const provider = new TimeProvider().setFormat("local").setConfig({ locale: "not a locale" });
  const { job } = await runRoutine(provider, provider.trigger, {});
  assertEquals([job.status, job.error?.name], ["failed", "RangeError"]);
});
