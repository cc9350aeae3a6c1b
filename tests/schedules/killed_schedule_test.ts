import { assertEquals } from "@std/assert";
import { test } from "node:test";
import type { ScheduleOptions } from "../../src/schedules/mod.ts";
import { memoryStore } from "../../src/stores/memory_store.ts";
import { manualTimers } from "../../src/testing/mod.ts";
import { CrashingStore } from "../support/crashing_store.ts";
import { amountOf } from "../support/gate_amount.ts";
import { ReportProcess } from "../support/report_process.ts";
import { type Random, seededRandom } from "../support/seeded_random.ts";

// Three workers share a schedule over the days on which clocks are set, die at any write, and are away for a day.

const HOUR = 3_600_000;
/** Every half hour from one to four, in a zone where an hour is missing, or comes twice. */
const HALF_HOURS = { cron: "*/30 1-3 * * *", timeZone: "Europe/Berlin" };
const BEFORE = { "the hour that is missing": "2026-03-28", "the hour that comes twice": "2026-10-24" } as const;

/** The instants, in UTC, of the day on which the clocks are set, of the day on which nobody is there, and of the one after it. */
const INSTANTS = {
  "the hour that is missing": [
    ["29T00:00", "29T00:30", "29T01:00", "29T01:30"],
    ["29T23:00", "29T23:30", "30T00:00", "30T00:30", "30T01:00", "30T01:30"],
    ["30T23:00", "30T23:30", "31T00:00", "31T00:30", "31T01:00", "31T01:30"],
  ],
  "the hour that comes twice": [
    ["24T23:00", "24T23:30", "25T00:00", "25T00:30", "25T01:00", "25T01:30", "25T02:00", "25T02:30"],
    ["26T00:00", "26T00:30", "26T01:00", "26T01:30", "26T02:00", "26T02:30"],
    ["27T00:00", "27T00:30", "27T01:00", "27T01:30", "27T02:00", "27T02:30"],
  ],
} as const;

/** A process that declares the schedule, works, and dies at one of its next writes: its store. */
function beginMortal({ store, timers }: ReportProcess, options: ScheduleOptions, random: Random): CrashingStore {
  const death = { write: 1 + random.integer(400), isWritten: random.integer(2) === 0 };
  const dies = new CrashingStore(store, death, true);
  const process = new ReportProcess(timers, dies, { leaseMs: 60_000, answerTimeoutMs: Infinity });
  // One that has died waits for ever: it does nothing any more.
  void process.declare(options);
  process.engine.work({ pollMs: 30_000 });
  return dies;
}

for (const what of ["the hour that is missing", "the hour that comes twice"] as const) {
  for (const missed of ["all", "once", "skip"] as const) {
    test(`C457 C458 C459 three workers that die at any write, over ${what} and a day without anybody, missed: ${missed}`, async () => {
      for (let seed = 1; seed <= amountOf(1, 100); seed++) {
        const random = seededRandom(seed);
        const first = new ReportProcess(manualTimers(Date.parse(`${BEFORE[what]}T22:30:00Z`)), memoryStore());
        const begin = () => beginMortal(first, { ...HALF_HOURS, missed }, random);
        const workers = [begin(), begin(), begin()];
        let deaths = 0;
        const work = async (hours: number) => {
          for (let passed = 0; passed < hours * HOUR; passed += 60_000) {
            await first.timers.advance(60_000);
            for (const [at, { isDead }] of workers.entries()) {
              if (!isDead) continue;
              deaths++;
              workers[at] = begin();
            }
          }
        };
        const rest = async (hours: number) => {
          for (const store of workers) store.isDead = true;
          await first.timers.advance(hours * HOUR);
        };
        await work(4.75);
        await rest(24.75);
        await work(0.5);
        await rest(18);
        await work(4.75);
        const [set, away, after] = INSTANTS[what];
        const expected = [...set, ...(missed === "all" ? away : missed === "once" ? away.slice(-1) : []), ...after];
        const instants = (await first.instants()).map((it) => it.slice(8, 16));
        const completed = await first.engine.count({ flowId: "reports", status: "completed" });
        assertEquals([instants, completed, deaths > 5], [expected, expected.length, true], `seed ${seed}`);
      }
    });
  }
}
