import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { inFolder, runExample } from "./run_example.ts";

/** The test starts processes, which may take longer than Bun's default timeout of five seconds. */
const LONG = { timeout: 120_000 };
const SCRIPT = "word_statistics/main.ts";
const STATE = "word_statistics.state";
const STATISTICS = `Lines: 395
Paragraphs: 54
Words: 4271, 931 different
Most frequent words: the 183, and 149, she 146, to 132, a 100, it 92, was 88, i 79, of 77, in 62
Longest words: waistcoat-pocket, disappointment, multiplication, out-of-the-way, conversations
Most frequent letters: e 2077, t 1607, a 1380, o 1341, h 1159, i 1148, n 1107, s 1085, r 866, l 814
Sentences: 207, of 20.6 words on average, 108 at most
Syllables: 5519
Reading ease: 76.6 (Flesch: 90 is very easy, 60 plain English, 30 difficult)
The syllable service was busy 56 times
`;

const run = (folder: string) => runExample(SCRIPT, { folder, env: { PACE_MS: "0" } });

/** The reader waits at the given line until it is interrupted there. */
const interrupt = (folder: string, line: number) =>
  runExample(SCRIPT, {
    folder,
    env: { PACE_MS: "0", HOLD_AT: String(line) },
    interruptAt: new RegExp(`line ${line},`),
  });

test(
  "word_statistics without a stop prints the statistics and leaves nothing behind",
  LONG,
  () =>
    inFolder(async (folder) => {
      const { code, stdout, stderr } = await run(folder);
      assertEquals(stdout, STATISTICS);
      assertEquals(code, 0);
      assertStringIncludes(stderr, "line 395, 100 %\n");
      assertEquals(await readdir(folder), []);
    }),
);

test(
  "word_statistics, stopped by SIGINT seven times, prints the same statistics",
  LONG,
  () =>
    inFolder(async (folder) => {
      for (const line of [1, 59, 60, 60, 61, 200, 395]) {
        const { code, stdout, stderr } = await interrupt(folder, line);
        assertEquals([code, stdout], [130, ""]);
        assertMatch(stderr, /\nStopped with \d+ tasks left\. Run the same command to go on\.\n$/);
        assertEquals((await readdir(join(folder, STATE))).toSorted(), ["flow.json", "job.json"]);
        const { status, pendingTasks } = JSON.parse(await readFile(join(folder, STATE, "job.json"), "utf8"));
        assertEquals(status, "paused");
        // The line at which the handler was stopped was not committed, so it is read again.
        assertEquals(pendingTasks[0].progress?.lines ?? 0, line - 1);
      }
      const { code, stdout, stderr } = await run(folder);
      assertEquals(stdout, STATISTICS);
      assertEquals(code, 0);
      assertMatch(stderr, /^going on with \d+ tasks\nline 395, 100 %\n$/);
      assertEquals(await readdir(folder), []);
    }),
);

test("word_statistics does not resume the job of another text", LONG, () =>
  inFolder(async (folder) => {
    await interrupt(folder, 2);
    const { code, stderr } = await runExample(SCRIPT, { folder, args: ["another.txt"] });
    assertEquals(code, 1);
    assertStringIncludes(stderr, "word_statistics.state holds a job for ");
    assertEquals((await readdir(join(folder, STATE))).toSorted(), ["flow.json", "job.json"]);
  }));
