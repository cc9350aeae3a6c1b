import { writeFile } from "node:fs/promises";
import { test } from "node:test";
import { assertEquals, assertMatch } from "@std/assert";
import { table } from "../../src/cli/table.ts";
import { described, widthOf, wrapped } from "../../src/cli/wrapped.ts";
import { fullJob } from "../support/full_job_document.ts";
import { inOwnFolder, runCommand } from "./run_command.ts";
import { sampleDocuments } from "./sample_documents.ts";
import { makeStore } from "./sample_store.ts";

const longest = (text: string) => Math.max(...text.split("\n").map((line) => Array.from(line).length));

test("lists fit a terminal of 80 columns, ids stay whole, and a pipe gets all of it", () =>
  inOwnFolder(async (file) => {
    const id = "order of the long name ".repeat(2);
    await makeStore(file("jobs.db"), async ({ start }) => {
      await start(id, {}, { queue: "a queue with a name that is long, too" });
      await start("short");
    });
    const store = ["--store", `sqlite:${file("jobs.db")}`];
    const piped = await runCommand(["jobs", "list", ...store]);
    assertMatch(piped.output, /a queue with a name that is long, too/);
    const heads: string[] = [];
    for (const columns of [50, 80, 140, 200]) {
      const { output } = await runCommand(["jobs", "list", ...store], { isTerminal: true, columns });
      assertMatch(output, /^order of the long name order of the long name +running/m);
      if (columns > 50) assertEquals(longest(output) <= columns, true, output);
      heads.push(output.split("\n")[0]?.replace(/ +/g, " ") ?? "");
    }
    assertEquals(heads, [
      "job status",
      "job status flow",
      "job status flow queue created",
      "job status flow queue created due or ended held by",
    ]);
    const narrow = await runCommand(["jobs", "show", "short", ...store], { isTerminal: true, columns: 80 });
    assertEquals(longest(narrow.output) <= 80, true, narrow.output);
    const history = await runCommand(["history", "short", ...store], { isTerminal: true, columns: 60 });
    assertEquals(longest(history.output) <= 60, true, history.output);
  }));

test("of a table that is too wide the widest columns are made narrower, but never the first", () => {
  const row = ["id", "x".repeat(30), "y".repeat(20), "z"];
  assertEquals(table(["a", "b", "c", "d"], [row])[1], row.join("  "));
  const [, line = ""] = table(["a", "b", "c", "d"], [row], 40);
  assertEquals(line, `id  ${"x".repeat(14)}…  ${"y".repeat(14)}…  z`);
  const [, least = ""] = table(["a", "b", "c", "d"], [row], 5);
  assertEquals(least, `id  ${"x".repeat(7)}…  ${"y".repeat(7)}…  z`);
  const [, whole = ""] = table(["a", "b"], [["x".repeat(50), "y".repeat(9)]], 20);
  assertEquals(whole, `${"x".repeat(50)}  ${"y".repeat(7)}…`);
});

test("a text in the last column is never cut off: it goes on below its beginning, or stands below its row", () => {
  const rows = [["path", "a text that is much longer than what is left"], ["p", "short"]];
  assertEquals(table(["where", "what"], rows, 37), [
    "where  what",
    "path   a text that is much longer",
    "       than what is left",
    "p      short",
  ]);
  assertEquals(table(["where", "what"], [["a-path-of-some-length", "a text that is longer, of words"]], 30), [
    "where",
    "    what",
    "a-path-of-some-length",
    "    a text that is longer, of",
    "    words",
  ]);
  const [, ...narrow] = table(["id", "b", "what"], [["id", "x".repeat(20), "y".repeat(25)]], 20);
  assertEquals(narrow, ["    what", `id  ${"x".repeat(15)}…`, `    ${"y".repeat(16)}`, `    ${"y".repeat(9)}`]);
});

test("columns stand below each other also with letters that are twice as wide, and marks that take no room", () => {
  assertEquals(["abc", "яблоко", "名前", "e\u0301", "🎉", "한글", "ｗ"].map(widthOf), [3, 6, 4, 1, 2, 4, 2]);
  assertEquals(table(["job", "status"], [["名前", "runs"], ["e\u0301", "x"]]), [
    "job   status",
    "名前  runs",
    "e\u0301     x",
  ]);
  assertEquals(table(["a", "b"], [["i", "名".repeat(8)]], 13)[1], `i  ${"名".repeat(4)}…`);
});

test("what documents say, what is wrong with them and how they differ fits a terminal", () =>
  inOwnFolder(async (file) => {
    const { after, before, flow } = await sampleDocuments();
    await writeFile(file("before.json"), JSON.stringify({ flow, job: before }));
    await writeFile(file("after.json"), JSON.stringify({ flow, job: after }));
    await writeFile(file("flow.json"), JSON.stringify(flow));
    await writeFile(file("newer.json"), JSON.stringify({ ...flow, version: 99 }));
    for (
      const args of [
        ["inspect", file("after.json")],
        ["inspect", file("flow.json")],
        ["check", file("newer.json")],
        ["diff", file("before.json"), file("after.json")],
      ]
    ) {
      const piped = await runCommand(args);
      const { output } = await runCommand(args, { isTerminal: true, columns: 70, variables: { NO_COLOR: "1" } });
      assertEquals(longest(output) <= 70, true, output);
      const letters = (text: string) => text.replace(/\s+/g, "");
      assertEquals(letters(output), letters(piped.output));
    }
  }));

test("texts are wrapped between words, and stand beside what they are about where that is short", () => {
  assertEquals(wrapped("one two three", 7), ["one two", "three"]);
  assertEquals(wrapped("a-very-long-word b", 5), ["a-ver", "y-lon", "g-wor", "d b"]);
  assertEquals(wrapped("名名名 b", 5), ["名名", "名 b"]);
  assertEquals(wrapped("", 5), [""]);
  assertEquals(described([["short", "said"], ["a longer one", "said of it"]], 6), [
    "  short   said",
    "  a longer one",
    "          said of it",
  ]);
});

test("colours are shown on a terminal only, and not under NO_COLOR, nor in JSON", async () => {
  const input = JSON.stringify(fullJob());
  const inspect = (isTerminal: boolean, variables: Readonly<Record<string, string>> = {}, ...args: readonly string[]) =>
    runCommand(["inspect", "-", ...args], { input, isTerminal, variables });
  const hasColours = ({ output }: { readonly output: string }) => output.includes("\u001b[");
  assertEquals(hasColours(await inspect(true)), true);
  assertEquals(hasColours(await inspect(false)), false);
  assertEquals(hasColours(await inspect(true, { NO_COLOR: "1" })), false);
  assertEquals(hasColours(await inspect(true, { NO_COLOR: "" })), true);
  assertEquals(hasColours(await inspect(true, {}, "--json")), false);
});

test("files with the line ends and the mark of Windows are read, and others than UTF-8 are refused", () =>
  inOwnFolder(async (file) => {
    const { after, flow } = await sampleDocuments();
    const text = `\ufeff${JSON.stringify({ flow, job: after }, null, 2).replaceAll("\n", "\r\n")}\r\n`;
    await writeFile(file("job.json"), text);
    assertEquals((await runCommand(["check", file("job.json")])).exit, 0);
    assertEquals((await runCommand(["check", "-"], { input: text })).exit, 0);
    await writeFile(file("wide.json"), text, "utf16le");
    const { errors, exit } = await runCommand(["check", file("wide.json")]);
    assertEquals(exit, 3);
    assertMatch(errors, /wide\.json: the text is not in UTF-8; save it so\n$/);
    const piped = await runCommand(["check", "-"], { input: new Uint8Array([0xff, 0xfe, 0x7b, 0]) });
    assertMatch(piped.errors, /standard input: the text is not in UTF-8; save it so\n$/);
    await makeStore(file("jobs.db"), async ({ start }) => void await start("j"));
    const { output } = await runCommand(["export", "--store", `sqlite:${file("jobs.db")}`]);
    await writeFile(file("jobs.jsonl"), `\ufeff${output.replaceAll("\n", "\r\n")}`);
    const imported = await runCommand(["import", file("jobs.jsonl"), "--store", `sqlite:${file("other.db")}`]);
    assertEquals([imported.exit, imported.output], [0, `${file("jobs.jsonl")}: 1 job is stored\n`]);
  }));
