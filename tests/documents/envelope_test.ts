import { assertEquals, assertThrows } from "@std/assert";
import { test } from "node:test";
import * as v from "valibot";
import { SerializationError } from "../../mod.ts";
import { type Format, openEnvelope } from "../../src/documents/envelope.ts";

const note: Format<unknown> = {
  name: "test/note",
  version: 3,
  migrations: [
    ({ title, ...rest }) => ({ ...rest, heading: title, version: 2 }),
    (document) => ({ ...document, lines: [document["body"]], body: undefined, version: 3 }),
  ],
  schema: () => v.looseObject({ heading: v.string(), lines: v.array(v.string()) }),
};

function open(json: unknown): unknown {
  return openEnvelope(json, note);
}

function refused(json: unknown): { readonly message: string; readonly path: string; readonly document: string } {
  const { message, path, document } = assertThrows(() => open(json), SerializationError);
  return { message, path, document };
}

test("a document of the present version is read as it is", () => {
  const json = { format: "test/note", version: 3, heading: "h", lines: ["a"] };
  assertEquals(open(json), json);
});

test("an older document is brought to the present version step by step, and is not changed itself", () => {
  const oldest = Object.freeze({ format: "test/note", version: 1, title: "h", body: "a" });
  assertEquals(open(oldest), { format: "test/note", version: 3, heading: "h", lines: ["a"], body: undefined });
  const older = Object.freeze({ format: "test/note", version: 2, heading: "h", body: "a" });
  assertEquals(open(older), { format: "test/note", version: 3, heading: "h", lines: ["a"], body: undefined });
});

test("what comes out of the migrations is checked by the schema", () => {
  assertEquals(refused({ format: "test/note", version: 1, title: 7, body: "a" }), {
    message: "Cannot read test/note: heading: expected string, got 7",
    path: "heading",
    document: "test/note",
  });
});

test("a newer document is refused, with what to do", () => {
  assertEquals(refused({ format: "test/note", version: 4, heading: "h", lines: [] }), {
    message:
      "Cannot read test/note: version: expected at most 3, got 4; it was written by a newer routilux, update this " +
      "one",
    path: "version",
    document: "test/note",
  });
});

test("what is no version is refused", () => {
  for (
    const [version, got] of [[0, "0"], [-1, "-1"], [1.5, "1.5"], ["1", '"1"'], [null, "null"], [undefined, "nothing"]]
  ) {
    assertEquals(
      refused({ format: "test/note", version }).message,
      `Cannot read test/note: version: expected a version number, got ${got}`,
    );
  }
});

test("another format is refused before anything else is looked at", () => {
  for (const [format, got] of [["test/other", '"test/other"'], [undefined, "nothing"], [{}, "an object"]]) {
    assertEquals(refused({ format, version: 99 }), {
      message: `Cannot read test/note: format: expected "test/note", got ${got}`,
      path: "format",
      document: "test/note",
    });
  }
});

test("what is no object is refused, a text with the remedy", () => {
  const cases: readonly [unknown, string][] = [
    ['{"format":"test/note"}', "a text; call JSON.parse first"],
    [null, "null"],
    [undefined, "undefined"],
    [[], "an array"],
    [3, "3"],
    [() => {}, "a function"],
  ];
  for (const [json, got] of cases) {
    assertEquals(refused(json), {
      message: `Cannot read test/note: expected an object, got ${got}`,
      path: "",
      document: "test/note",
    });
  }
});
