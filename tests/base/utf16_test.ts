import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { utf16Bytes } from "../../src/base/utf16.ts";

test("each unit of a text is two bytes, the least significant first, whether the text is well-formed or not", () => {
  for (const text of ["", "a\0é", "\u{1f680}", "\ud83d", "\ude80\ud83d\uffff"]) {
    const bytes = Array.from(
      text.split(""),
      (unit) => [unit.charCodeAt(0) % 256, Math.floor(unit.charCodeAt(0) / 256)],
    );
    assertEquals(Array.from(utf16Bytes(text)), bytes.flat());
  }
});
