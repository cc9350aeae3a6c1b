import { test } from "node:test";
import { assertEquals, assertGreater, assertLessOrEqual, assertThrows } from "@std/assert";
import { type ExtractedResult, type Extraction, ResultExtractor } from "../../../src/routines/text/mod.ts";
import { runRoutine } from "../../../src/testing/mod.ts";
import { tryRoutine } from "../../support/try_routine.ts";
import { plainError } from "../../support/plain_error.ts";

const JSON_BLOCK = 'Here it is:\n```json\n{"name": "test", "value": 42}\n```\nDone.';
const PYTHON_BLOCK = '```python\ndef hello():\n    return "hi"\n```';

async function extract(data: unknown, extractor = new ResultExtractor()): Promise<ExtractedResult> {
  const { job, emitted } = await runRoutine(extractor, extractor.input, { data });
  assertEquals([plainError(job), job.status, emitted.length], [undefined, "completed", 1]);
  return emitted[0]?.data as ExtractedResult;
}

/** A registered function. */
const custom = (data: unknown): Extraction | undefined =>
  typeof data === "string" && data.startsWith("CUSTOM:")
    ? { data: data.slice("CUSTOM:".length), format: "custom", confidence: 0.9, metadata: { length: data.length } }
    : undefined;

test("C302 JSON in a fenced block is read, and it is told how sure that is and what was tried", async () => {
  assertEquals(await extract(JSON_BLOCK), {
    data: { name: "test", value: 42 },
    format: "json",
    confidence: 0.9,
    path: ["json_code_block"],
  });
});

test("C303 a text that is JSON is read", async () => {
  const { data, format, path } = await extract(' {"a": [1, 2]} \n');
  assertEquals([data, format, path], [{ a: [1, 2] }, "json", ["json_code_block", "json_text"]]);
  assertEquals((await extract("[1]")).data, [1]);
  assertEquals((await extract("5")).format, "text");
});

test("C304 a fenced block in another language is its code", async () => {
  const { data, format, path } = await extract(`Look:\n${PYTHON_BLOCK}\nNice?`);
  assertEquals([data, format, path.at(-1)], ['def hello():\n    return "hi"', "python", "code_block"]);
  assertEquals((await extract("```\nplain\n```")).format, "code");
});

test("C305 a list of outputs is their contents", async () => {
  const outputs = [{ format: "output", content: "first" }, { format: "output", content: "second" }];
  const { data, format, metadata } = await extract(outputs);
  assertEquals([data, format, metadata], ["first\nsecond", "interpreter_output", { count: 2 }]);
});

test("C306 an object stays as it is", async () => {
  const { data, format } = await extract({ a: 1, b: { c: [2] } });
  assertEquals([data, format], [{ a: 1, b: { c: [2] } }, "dict"]);
});

test("C307 a list stays as it is", async () => {
  for (const list of [[1, "two", { three: 3 }], [], [{ format: "output" }]]) {
    const { data, format } = await extract(list);
    assertEquals([data, format], [list, "list"]);
  }
});

test("C308 of several blocks the one that the first extractor finds is taken", async () => {
  const { data, format } = await extract(`${PYTHON_BLOCK}\n${JSON_BLOCK}`);
  assertEquals([data, format], [{ name: "test", value: 42 }, "json"]);
});

test("C309 the order of the extractors can be chosen", async () => {
  const chosen = new ResultExtractor().setExtractors("code_block", "json_code_block");
  const { data, path } = await extract(JSON_BLOCK, chosen);
  assertEquals([data, path], ['{"name": "test", "value": 42}', ["code_block"]]);
  const other = new ResultExtractor().setExtractors("json_text", "json_code_block");
  assertEquals((await extract(JSON_BLOCK, other)).path, ["json_text", "json_code_block"]);
});

test("C310 an extractor that was added goes first, also after a move when it is registered", async () => {
  const make = () => new ResultExtractor().addExtractor("custom", custom);
  const expected = { data: "x", format: "custom", confidence: 0.9, metadata: { length: 8 }, path: ["custom"] };
  assertEquals(await extract("CUSTOM:x", make()), expected);
  assertEquals((await extract(JSON_BLOCK, make())).path, ["custom", "json_code_block"]);
  const { outputs } = await tryRoutine(make(), [{ data: { data: "CUSTOM:x" } }], { registry: { custom }, moved: true });
  assertEquals(outputs.map(({ data }) => data), [expected]);
});

test("C311 JSON in a block is sure, but for a rest", async () => {
  const { confidence } = await extract(JSON_BLOCK);
  assertGreater(confidence, 0.5);
  assertLessOrEqual(confidence, 1);
});

test("C312 a block that claims to be JSON and is none is a text with little confidence", async () => {
  const { data, format, confidence } = await extract("```json\n{not json}\n```");
  assertEquals([data, format, confidence], ["{not json}", "text", 0.3]);
});

test("C313 a plain text is given back as it is, without confidence; so is anything else", async () => {
  assertEquals(await extract("just words"), {
    data: "just words",
    format: "text",
    confidence: 0,
    path: ["json_code_block", "json_text", "code_block", "interpreter_output", "dict", "list"],
  });
  const { data, format, confidence } = await extract(5);
  assertEquals([data, format, confidence], [5, "value", 0]);
  assertEquals((await extract(new Date(5))).format, "value");
});

test("a block without an end is none; fences inside a line are text", async () => {
  assertEquals((await extract("```json\n{}")).format, "text");
  assertEquals((await extract("a ```json {} ``` b")).format, "text");
  assertEquals((await extract("```json\n1\n```\n```json\n[2]\n```")).data, 1);
  assertEquals((await extract("  ``` JSON  \r\n{}\r\n  ```  \r\n")).data, {});
});

test("an unknown extractor is refused with what is known, one that answers nonsense is the task's error", async () => {
  assertThrows(
    () => new ResultExtractor().setExtractors("jsn"),
    TypeError,
    'Cannot find extractor "jsn"; add it by addExtractor, or use one of "json_code_block", "json_text"',
  );
  const nonsense = "must answer with data, format and confidence, or undefined";
  const answers: readonly (readonly [unknown, string])[] = [
    [5, nonsense],
    [{ format: "x", data: 1 }, nonsense],
    [{ format: 5, data: 1, confidence: 1 }, nonsense],
    [Promise.resolve(), "is asynchronous; it must answer at once"],
  ];
  for (const [answer, complaint] of answers) {
    const extractor = new ResultExtractor().addExtractor("odd", () => answer as never);
    const { job } = await runRoutine(extractor, extractor.input, { data: 1 });
    assertEquals(plainError(job), { name: "TypeError", message: `Cannot extract: extractor "odd" ${complaint}` });
  }
});

test("data that is not under its key is refused, with what to write", async () => {
  for (const [data, got] of [[5, "5"], [null, "null"], [{ other: 1 }, "an object"]]) {
    const routine = new ResultExtractor();
    const { job } = await runRoutine(routine, routine.input, data as never);
    assertEquals([job.status, job.error?.message], [
      "failed",
      `Cannot extract: expected an object with the key data, got ${got}`,
    ]);
  }
});
