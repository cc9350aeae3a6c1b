import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { decodeBase64, encodeBase64 } from "../../src/base/base64.ts";
import { seededRandom } from "../support/seeded_random.ts";

const bytes = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);

test("base64 writes the examples of RFC 4648", () => {
  const examples = ["", "f", "fo", "foo", "foob", "fooba", "foobar"];
  const texts = ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"];
  assertEquals(examples.map((example) => encodeBase64(bytes(example))), texts);
});

test("base64 reads the examples of RFC 4648", () => {
  const texts = ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"];
  const examples = ["", "f", "fo", "foo", "foob", "fooba", "foobar"];
  assertEquals(texts.map(decodeBase64), examples.map(bytes));
});

test("base64 uses plus and slash, not the letters for addresses", () => {
  assertEquals(encodeBase64(new Uint8Array([251, 239, 190, 255])), "++++/w==");
  assertEquals(decodeBase64("--__"), undefined);
});

test("base64 keeps every byte at every length", () => {
  const random = seededRandom(64);
  for (let length = 0; length < 70; length++) {
    const original = Uint8Array.from({ length }, () => random.integer(256));
    assertEquals(decodeBase64(encodeBase64(original)), original, `seed 64, length ${length}`);
  }
});

test("base64 agrees with the host's own", () => {
  const all = Uint8Array.from({ length: 256 }, (_, value) => value);
  assertEquals(encodeBase64(all), btoa(String.fromCharCode(...all)));
});

test("base64 that is no base64 is nothing", () => {
  const wrong = ["Z", "Zg", "Zg=", "Z===", "====", "Zg==Zg==", "Zm 9v", "Zm9\n", "Zm9é", "=Zg=", "Zg=a"];
  assertEquals(wrong.map(decodeBase64), wrong.map(() => undefined));
});

test("base64 with bits left over is nothing: each value has one text", () => {
  assertEquals(["Zh==", "Zm9=", "//=="].map(decodeBase64), [undefined, undefined, undefined]);
});
