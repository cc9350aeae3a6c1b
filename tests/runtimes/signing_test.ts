import { test } from "node:test";
import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { Flow, JobState, Registry } from "../../mod.ts";
import { addFunction } from "../support/function_routine.ts";
import { sign, SignatureError, type SigningKey, verify } from "../../src/host/signing.ts";

const KEY: SigningKey = { id: "k1", key: new Uint8Array(32).fill(7) };
const DOCUMENT = { b: [1, "\ud800 é", null], a: { y: 1e21, x: -0 } };

test("sign() gives the same signature whatever the order of keys", async () => {
  const signature = await sign(DOCUMENT, KEY);
  assertMatch(signature, /^signed1\.k1\.[\w+/]{43}=$/);
  await verify({ a: { x: 0, y: 1e21 }, b: [1, "\ud800 é", null] }, signature, [{ ...KEY, id: "k0" }, KEY]);
});

test("sign() signs a job, and verify() knows it after its journey as text", async () => {
  const registry = new Registry();
  const flow = new Flow({ id: "flow", registry });
  const job = flow.create(addFunction(flow, "only", () => {}));
  const signature = await sign(job, KEY);
  const received = JSON.parse(JSON.stringify(job));
  await verify(received, signature, [KEY]);
  await verify(JobState.fromJSON(received, registry), signature, [KEY]);
  const error = await assertRejects(
    async () => await verify({ ...received, status: "completed" }, signature, [KEY]),
    SignatureError,
  );
  assertEquals([error.code, error.problem, error.keyId], ["SIGNATURE", "wrong", "k1"]);
});

test("verify() says why a signature does not count", async () => {
  const signature = await sign(DOCUMENT, KEY);
  const problem = async (text: string, keys: readonly SigningKey[]) =>
    (await assertRejects(async () => await verify(DOCUMENT, text, keys), SignatureError)).problem;
  assertEquals(await problem(signature, [{ ...KEY, id: "other" }]), "unknown key");
  assertEquals(await problem(signature, [{ ...KEY, key: new Uint8Array(32) }]), "wrong");
  assertEquals(await problem(signature.replace("k1", "k2"), [{ ...KEY, id: "k2", key: new Uint8Array(40) }]), "wrong");
  for (const text of ["", "signed1.k1", "signed2.k1.AAAA", "signed1.k1.%%%%", `${signature}.x`]) {
    assertEquals(await problem(text, [KEY]), "malformed");
  }
});

test("sign() and verify() take pairs of keys", async () => {
  const pair = await crypto.subtle.generateKey("Ed25519", false, ["sign", "verify"]);
  if (!("privateKey" in pair)) throw new TypeError("Ed25519 makes pairs");
  const signature = await sign(DOCUMENT, { id: "pair", key: pair.privateKey });
  await verify(DOCUMENT, signature, [{ id: "pair", key: pair.publicKey }]);
  await assertRejects(
    async () => await sign(DOCUMENT, { id: "pair", key: pair.publicKey }),
    TypeError,
    'key "pair" must be for HMAC or Ed25519, and may sign; it is for Ed25519, and may verify',
  );
});

test("sign() refuses what cannot sign, and what is no document", async () => {
  const refused = async (document: unknown, key: unknown, why: string) =>
    await assertRejects(async () => await sign(document, key as SigningKey), TypeError, why);
  await refused({}, { id: "a b", key: KEY.key }, 'letters, digits, "-" and "_", got "a b"');
  await refused({}, undefined, "got undefined");
  await refused({}, { id: "k", key: new Uint8Array(8) }, 'key "k" must have 32 bytes, it has 8');
  await refused({}, { id: "k", key: "text" }, 'key "k" must be a Uint8Array or a CryptoKey, got "text"');
  await refused(undefined, KEY, "it is no JSON, but undefined");
});

test("verify() refuses a number in a text that JSON cannot hold: it would count as null", async () => {
  const signature = await sign({ limit: null }, KEY);
  await assertRejects(
    async () => await verify(JSON.parse('{"limit":1e999}'), signature, [KEY]),
    TypeError,
    "Cannot verify a document: it is no JSON, it has the number Infinity",
  );
  await assertRejects(async () => await sign([Number.NaN], KEY), TypeError, "it has the number NaN");
});

test("sign() tells all names and texts apart, and sorts names as RFC 8785 does", async () => {
  const texts = [
    '{"a":"\\ud800"}',
    '{"a":"\\\\ud800"}',
    '{"a":"\ufffd"}',
    '{"a":1}',
    '{"a":"1"}',
    '{"__proto__":1}',
    "{}",
    '{"a":[]}',
  ];
  const signatures = new Set<string>();
  for (const text of texts) signatures.add(await sign(JSON.parse(text), KEY));
  assertEquals(signatures.size, texts.length);
  const [one, other] = ['{"\ue000":1,"\ud83d\ude00":2,"10":3,"9":4}', '{"9":4e0,"10":3.0,"\ud83d\ude00":2,"\ue000":1}'];
  assertEquals(await sign(JSON.parse(one ?? ""), KEY), await sign(JSON.parse(other ?? ""), KEY));
});
