import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { test } from "node:test";
import { TextClipper } from "../../../src/routines/text/mod.ts";
import { runRoutine } from "../../../src/testing/mod.ts";

async function clip(text: unknown, clipper = new TextClipper().setMaxLength(50)): Promise<unknown> {
  const { emitted } = await runRoutine(clipper, clipper.input, { text });
  assertEquals(emitted.length, 1);
  return emitted[0]?.data;
}

function textOf(data: unknown): string {
  return typeof data === "object" && data !== null && "text" in data ? String(data.text) : "";
}

test("C291 a short text stays as it is", async () => {
  assertEquals(await clip("Short text"), { text: "Short text", isClipped: false, originalLength: 10 });
});

test("C292 a long text is clipped at the end of a line, and says so", async () => {
  const text = Array.from({ length: 20 }, (_, line) => `line ${line}`).join("\n");
  const data = await clip(text);
  assertMatch(textOf(data), /^line 0\nline 1\n.*\nline 6\n… \(truncated: 48 of 149 characters\)$/s);
  assertEquals(data, { text: textOf(data), isClipped: true, originalLength: 149 });
});

test("C293 a text with a trace is left whole, unless that is switched off", async () => {
  const text = `Traceback (most recent call last):\n${"x".repeat(100)}`;
  assertEquals(await clip(text), { text, isClipped: false, originalLength: 135 });
  const strict = new TextClipper().setMaxLength(50).setConfig({ keepTraces: false });
  assertMatch(textOf(await clip(text, strict)), /truncated/);
});

test("C294 a number becomes a text", async () => {
  assertEquals(await clip(12.5), { text: "12.5", isClipped: false, originalLength: 4 });
});

test("C295 an empty text stays empty", async () => {
  assertEquals(await clip(""), { text: "", isClipped: false, originalLength: 0 });
});

test("a text in one line is clipped at the length", async () => {
  assertEquals(textOf(await clip("y".repeat(60))), `${"y".repeat(50)}\n… (truncated: 50 of 60 characters)`);
});

test("a length below 1 is refused", () => {
  assertThrows(() => new TextClipper().setMaxLength(0), RangeError, "maxLength must be an integer of at least 1");
});

test("C499 a text of line ends only is clipped like any other", async () => {
  for (const lineEnd of ["\n", " \n", "\r\n", "\r"]) {
    const text = lineEnd.repeat(20_000);
    assertEquals(await clip(text), { text: textOf(await clip(text)), isClipped: true, originalLength: text.length });
  }
});

test("the trace of a JavaScript error is found in any line that is indented", async () => {
  for (const start of ["Error: no\n", "Error: no\r\n", "\n\n", ""]) {
    for (const line of ["    at run (file:///a.ts:1:2)", "\tat file:///a.ts:1", " at new Flow(3)"]) {
      const text = `${start}${line}\n${"x".repeat(100)}`;
      assertEquals(await clip(text), { text, isClipped: false, originalLength: text.length });
    }
  }
  for (const line of ["at run (file:///a.ts:1:2)", " at home", " at 10", " atop (1"]) {
    assertMatch(textOf(await clip(`Error: no\n\n${line}\n${"x".repeat(100)}`)), /truncated/, line);
  }
});
