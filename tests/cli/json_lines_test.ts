import { test } from "node:test";
import { assertEquals, assertRejects } from "@std/assert";
import { JsonParseStream, JsonStringifyStream } from "@std/json";
import { readJsonLines, writeJsonLines } from "../../src/cli/json_lines.ts";

// These hold for the real `@std/json` and for its stand-in.

function streamOf<T>(...chunks: readonly T[]): ReadableStream<T> {
  return new ReadableStream({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk);
      controller.close();
    },
  });
}

async function all<T>(stream: ReadableStream<T>): Promise<T[]> {
  const items: T[] = [];
  for (const reader = stream.getReader();;) {
    const { done, value } = await reader.read();
    if (done) return items;
    items.push(value);
  }
}

async function read(...chunks: readonly string[]) {
  const bytes = streamOf(...chunks.map((it) => new TextEncoder().encode(it)));
  const lines = [];
  for await (const line of readJsonLines(bytes, "file")) lines.push(line);
  return lines;
}

test("JsonParseStream parses each chunk, and passes over blank ones", async () => {
  assertEquals(await all(streamOf('{"a":[1]}', " \t\r\n", "", "null\n").pipeThrough(new JsonParseStream())), [{
    a: [1],
  }, null]);
});

test("JsonParseStream refuses a chunk that is no JSON, and shows its beginning", async () => {
  const parsed = (text: string) => all(streamOf(text).pipeThrough(new JsonParseStream()));
  await assertRejects(() => parsed("{a}"), SyntaxError, "(parsing: '{a}')");
  await assertRejects(() => parsed("x".repeat(40)), SyntaxError, `(parsing: '${"x".repeat(30)}...')`);
});

test("JsonStringifyStream writes a line for each value", async () => {
  assertEquals(await all(streamOf<unknown>({ a: "\n" }, [1]).pipeThrough(new JsonStringifyStream())), [
    '{"a":"\\n"}\n',
    "[1]\n",
  ]);
});

test("readJsonLines() numbers the lines, however the text is cut into chunks, with and without a last line break", async () => {
  const text = '{"a":"ü漢👩"}\n\n \r\n[1]\r\n2';
  const expected = [{ line: 1, value: { a: "ü漢👩" } }, { line: 4, value: [1] }, { line: 5, value: 2 }];
  const bytes = new TextEncoder().encode(text);
  for (let length = 1; length <= bytes.length; length++) {
    const chunks: Uint8Array[] = [];
    for (let at = 0; at < bytes.length; at += length) chunks.push(bytes.subarray(at, at + length));
    const lines = [];
    for await (const line of readJsonLines(streamOf(...chunks), "file")) lines.push(line);
    assertEquals(lines, expected);
  }
  assertEquals(await read(`${text}\n`), expected);
  assertEquals(await read(), []);
});

test("readJsonLines() names the line that is wrong", async () => {
  await assertRejects(() => read('1\n\n{"a"\n2\n'), Error, "file: line 3: ");
  await assertRejects(() => read("1\n", "2\n", "tru"), Error, "file: line 3: ");
});

test("readJsonLines() closes what it reads when nobody wants more", async () => {
  let isCancelled = false;
  const bytes = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(new TextEncoder().encode("1\n")),
    cancel: () => void (isCancelled = true),
  });
  for await (const { value } of readJsonLines(bytes, "file")) {
    assertEquals(value, 1);
    break;
  }
  assertEquals(isCancelled, true);
});

test("writeJsonLines() asks for no more values than are read", async () => {
  let [asked, isClosed] = [0, false];
  const values = (async function* () {
    try {
      for (;;) yield ++asked;
    } finally {
      isClosed = true;
    }
  })();
  let text = "";
  const sink = new WritableStream<string>({
    write(line) {
      text += line;
      if (text.length > 4) throw new Error("full");
    },
  });
  await assertRejects(() => writeJsonLines(values, sink, new AbortController().signal), Error, "full");
  assertEquals([text, asked <= 6, isClosed], ["1\n2\n3\n", true, true]);
});

test("writeJsonLines() ends when it is aborted, with the reason", async () => {
  const abortion = new AbortController();
  let isClosed = false;
  const values = (async function* () {
    try {
      for (let n = 0;; n++) {
        if (n === 3) abortion.abort(new Error("enough"));
        yield n;
      }
    } finally {
      isClosed = true;
    }
  })();
  const sink = new WritableStream<string>();
  await assertRejects(() => writeJsonLines(values, sink, abortion.signal), Error, "enough");
  assertEquals(isClosed, true);
});
