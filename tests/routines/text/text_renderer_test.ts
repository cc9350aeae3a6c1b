import { test } from "node:test";
import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { TextRenderer } from "../../../src/routines/text/mod.ts";
import { runRoutine } from "../../../src/testing/mod.ts";

async function render(data: unknown, renderer = new TextRenderer()): Promise<string> {
  const { job, emitted } = await runRoutine(renderer, renderer.input, { data });
  assertEquals([job.error, job.status, emitted.length], [undefined, "completed", 1]);
  return (emitted[0]?.data as { text: string }).text;
}
const markdown = () => new TextRenderer().setFormat("markdown");

test("C297 each key is an element with its value", async () => {
  assertEquals(await render({ name: "test", value: 42 }), "<name>test</name>\n<value>42</value>");
});

test("C298 nested objects are nested elements", async () => {
  assertEquals(
    await render({ a: { b: 1, c: { d: true } } }),
    [
      "<a>",
      "  <b>1</b>",
      "  <c>",
      "    <d>true</d>",
      "  </c>",
      "</a>",
    ].join("\n"),
  );
});

test("C299 the items of a list are elements with their index", async () => {
  assertEquals(await render(["x", { y: 1 }]), "<item_0>x</item_0>\n<item_1>\n  <y>1</y>\n</item_1>");
});

test("C300 a plain text is itself, in either format", async () => {
  assertEquals(await render("a < b & *c*"), "a < b & *c*");
  assertEquals(await render("a < b & *c*", markdown()), "a < b & *c*");
});

test("C301 in markdown keys are strong, and nested data is indented", async () => {
  const text = await render({ name: "test", a: { b: 1 }, list: ["x", { y: null }] }, markdown());
  assertStringIncludes(text, "**name**");
  assertEquals(
    text,
    [
      "- **name**: test",
      "- **a**:",
      "  - **b**: 1",
      "- **list**:",
      "  - x",
      "  -",
      "    - **y**: null",
    ].join("\n"),
  );
});

test("what would break an element is escaped, and a key that is no name is an attribute", async () => {
  assertEquals(
    await render({ text: "</text> & <b>", 'a "b" <c>': 1, "1st": 2, größe: 3 }),
    [
      "<text>&lt;/text&gt; &amp; &lt;b&gt;</text>",
      '<entry key="a &quot;b&quot; &lt;c&gt;">1</entry>',
      '<entry key="1st">2</entry>',
      "<größe>3</größe>",
    ].join("\n"),
  );
});

test("empty things, and values of other kinds", async () => {
  const data = { none: {}, empty: [], nothing: null, when: new Date(0), big: 5n };
  assertEquals(
    await render(data),
    [
      "<none></none>",
      "<empty></empty>",
      "<nothing>null</nothing>",
      "<when>1970-01-01T00:00:00.000Z</when>",
      "<big>5</big>",
    ].join("\n"),
  );
  assertEquals(await render({ none: {}, empty: [] }, markdown()), "- **none**:\n- **empty**:");
  assertEquals([await render({}), await render([], markdown()), await render(5)], ["", "", "5"]);
});

test("a text of several lines stays within its item", async () => {
  assertEquals(await render({ a: "one\ntwo", b: 1 }, markdown()), "- **a**: one\n  two\n- **b**: 1");
});

test("a value without a text is the task's error, and an unknown format is refused", async () => {
  const renderer = new TextRenderer();
  const { job } = await runRoutine(renderer, renderer.input, { data: { bytes: new Uint8Array(2) } });
  assertEquals([job.status, job.error?.message], ["failed", "Cannot render: an Uint8Array instance has no text"]);
  assertThrows(
    () => new TextRenderer().setFormat("html" as "xml"),
    TypeError,
    'Cannot set the format: format must be one of "xml", "markdown", current value is "html"',
  );
});

test("data that is not under its key is refused, with what to write", async () => {
  for (const [data, got] of [[5, "5"], [null, "null"], [{ other: 1 }, "an object"]]) {
    const routine = new TextRenderer();
    const { job } = await runRoutine(routine, routine.input, data as never);
    assertEquals([job.status, job.error?.message], [
      "failed",
      `Cannot render: expected an object with the key data, got ${got}`,
    ]);
  }
});
