import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { shorten, utf16Bytes, utf8Length } from "../../src/base/text.ts";
import { seededRandom } from "../support/seeded_random.ts";

test("the length of a text in UTF-8 counts bytes", () => {
  const texts = ["", "a", "\u007f", "\u0080", "é", "\u07ff", "\u0800", "€", "\uffff", "😀", "a😀é"];
  assertEquals(texts.map(utf8Length), [0, 1, 1, 2, 2, 2, 3, 3, 3, 4, 7]);
});

test("a lone surrogate counts as its replacement character", () => {
  assertEquals(["\ud83d", "\ude00", "\ud83da", "\ude00\ud83d", "\ud83d\ud83d\ude00"].map(utf8Length), [3, 3, 4, 6, 7]);
});

test("the length of a text in UTF-8 agrees with the host's encoder", () => {
  const encoder = new TextEncoder();
  const random = seededRandom(8);
  const units = [0x20, 0x7f, 0x80, 0x7ff, 0x800, 0xd7ff, 0xd800, 0xdbff, 0xdc00, 0xdfff, 0xe000, 0xffff] as const;
  for (let round = 0; round < 500; round++) {
    const text = String.fromCharCode(...Array.from({ length: random.integer(8) }, () => random.pick(units)));
    assertEquals(utf8Length(text), encoder.encode(text).length, `seed 8, round ${round}: ${JSON.stringify(text)}`);
  }
});

test("each unit of a text is two bytes, the least significant first, whether the text is well-formed or not", () => {
  for (const text of ["", "a\0é", "\u{1f680}", "\ud83d", "\ude80\ud83d\uffff"]) {
    const bytes = Array.from(
      text.split(""),
      (unit) => [unit.charCodeAt(0) % 256, Math.floor(unit.charCodeAt(0) / 256)],
    );
    assertEquals(Array.from(utf16Bytes(text)), bytes.flat());
  }
});

test("a text that is too long for a message loses its middle, and no half of a pair is left", () => {
  assertEquals(shorten("a".repeat(4_000)).length, 4_000);
  assertEquals(shorten("0123456789".repeat(10), 40), "012345678 … (100 characters) … 123456789");
  assertEquals(shorten("0123456789".repeat(10), 5), " … (100 characters) … ");
  for (const text of ["😀".repeat(50), `a${"😀".repeat(50)}`, `${"😀".repeat(50)}a`]) {
    for (let most = 20; most < 60; most++) {
      const shown = shorten(text, most);
      assertEquals([shown.isWellFormed(), shown.length <= Math.max(most, 24)], [true, true], `${most}`);
    }
  }
});
