/**
 * Signatures of documents that travel outside of a store: in messages, files, requests.
 *
 * @module
 */
import { decodeBase64, encodeBase64 } from "../base/base64.ts";
import { RoutiluxError } from "../base/errors.ts";
import { describeValue } from "../base/path.ts";

/** A `CryptoKey` as every runtime has it: not all of their types know the name. */
export interface SubtleKey {
  /** What it is for, such as `HMAC`. */
  readonly algorithm: { readonly name: string };
  /** Whether its bytes can be read. */
  readonly extractable: boolean;
  /** `secret`, `private` or `public`. */
  readonly type: string;
  /** What may be done with it, such as `sign`. */
  readonly usages: readonly string[];
}

/** A key that signs, or that verifies signatures. */
export interface SigningKey {
  /** Its name, which each signature bears: 1 to 64 letters, digits, `-` and `_`. */
  readonly id: string;
  /** 32 random bytes that both sides have (HMAC-SHA-256), or a key of `crypto.subtle` for `HMAC` or `Ed25519`. */
  readonly key: Uint8Array | SubtleKey;
}

/**
 * Why a signature does not count: it is none (`malformed`), none of the given keys has made it (`unknown key`), or it is one of another
 * document (`wrong`).
 */
export type SignatureProblem = "malformed" | "unknown key" | "wrong";

const REMEDIES: Readonly<Record<SignatureProblem, string>> = {
  "malformed": "it is no signature that sign() has made",
  "unknown key": "none of the given keys has made it",
  "wrong": "it was made by another key or for another document",
};

/**
 * A signature that does not count: the document must not be used.
 *
 * @see `docs/errors/SIGNATURE.md`: what it means, when it comes, and what to do
 *
 * @example
 * ```ts
 * import { SignatureError, verify } from "@routilux/routilux/signing";
 *
 * const key = { id: "2026", key: crypto.getRandomValues(new Uint8Array(32)) };
 * try {
 *   await verify({ amount: 5 }, "no signature", [key]);
 * } catch (error) {
 *   if (!(error instanceof SignatureError)) throw error;
 *   error.problem; // "malformed"
 * }
 * ```
 */
export class SignatureError extends RoutiluxError {
  /** The name of the class, safe under minifiers. */
  override readonly name = "SignatureError";
  /** The kind of error. */
  readonly code = "SIGNATURE" as const;
  /** Why it does not count. */
  readonly problem: SignatureProblem;
  /** The id of the key, as the signature says; `undefined` for one that is malformed. */
  readonly keyId: string | undefined;

  /** Makes the error for a problem. */
  constructor(problem: SignatureProblem, keyId?: string) {
    super(`Cannot verify the signature${keyId === undefined ? "" : ` of key "${keyId}"`}: ${REMEDIES[problem]}`);
    this.problem = problem;
    this.keyId = keyId;
  }
}

const MARK = "signed1";
const ID = /^[\w-]{1,64}$/;

/**
 * Signs a document: a job, a flow, or any other JSON. The signature is a text of letters that goes beside it, and holds for whatever
 * `JSON.parse` makes of the document's text, whatever the order of its keys.
 *
 * @param document the document, or an object with `toJSON`
 * @param key the key that signs
 * @throws {TypeError} for a key that cannot sign, and a document that is no JSON
 *
 * @example
 * ```ts
 * import { sign, verify } from "@routilux/routilux/signing";
 *
 * const key = { id: "2026-11", key: crypto.getRandomValues(new Uint8Array(32)) };
 * const document = { format: "routilux/job", version: 1 }; // a JobState, or what JSON.parse made of its text
 * const signature = await sign(document, key);
 * await verify(document, signature, [key]); // rejects when the document is another one
 * ```
 */
export async function sign(document: unknown, key: SigningKey): Promise<string> {
  const action = "Cannot sign a document";
  const { id } = checkKey(action, key);
  const { algorithm, cryptoKey } = await importKey(action, key, "sign");
  const signature = await crypto.subtle.sign(algorithm, cryptoKey, bytesOf(action, document));
  return `${MARK}.${id}.${encodeBase64(new Uint8Array(signature))}`;
}

/**
 * Verifies that a document is the one that was signed.
 *
 * @param document the document, or an object with `toJSON`
 * @param signature what `sign` has returned
 * @param keys the keys that count; the signature says which one has made it
 * @throws {SignatureError} when it is not: the document must not be used
 * @throws {TypeError} for a key that cannot verify, and a document that is no JSON
 *
 * @example
 * ```ts
 * import { sign, verify } from "@routilux/routilux/signing";
 *
 * const key = { id: "2026", key: crypto.getRandomValues(new Uint8Array(32)) };
 * const document = { amount: 5 };
 * await verify(document, await sign(document, key), [key]); // throws unless the key has signed the document
 * ```
 */
export async function verify(document: unknown, signature: string, keys: readonly SigningKey[]): Promise<void> {
  const action = "Cannot verify a document";
  const [mark, id = "", text, ...rest] = typeof signature === "string" ? signature.split(".") : [];
  const bytes = text === undefined ? undefined : decodeBase64(text);
  if (mark !== MARK || !ID.test(id) || bytes === undefined || rest.length > 0) throw new SignatureError("malformed");
  const key = keys.find((it) => checkKey(action, it).id === id);
  if (key === undefined) throw new SignatureError("unknown key", id);
  const { algorithm, cryptoKey } = await importKey(action, key, "verify");
  if (!await crypto.subtle.verify(algorithm, cryptoKey, bytes, bytesOf(action, document))) {
    throw new SignatureError("wrong", id);
  }
}

function checkKey(action: string, key: SigningKey): SigningKey {
  if (typeof key?.id === "string" && ID.test(key.id)) return key;
  throw new TypeError(
    `${action}: the id of a key must be 1 to 64 letters, digits, "-" and "_", got ${describeValue(key?.id)}`,
  );
}

async function importKey(
  action: string,
  { id, key }: SigningKey,
  use: "sign" | "verify",
): Promise<{ readonly algorithm: "HMAC" | "Ed25519"; readonly cryptoKey: CryptoKey }> {
  if (key instanceof Uint8Array) {
    if (key.length < 32) throw new TypeError(`${action}: key "${id}" must have 32 bytes, it has ${key.length}`);
    const hmac = { name: "HMAC", hash: "SHA-256" };
    const cryptoKey = await crypto.subtle.importKey("raw", new Uint8Array(key), hmac, false, [use]);
    return { algorithm: "HMAC", cryptoKey };
  }
  if (!(key instanceof CryptoKey)) {
    throw new TypeError(`${action}: key "${id}" must be a Uint8Array or a CryptoKey, got ${describeValue(key)}`);
  }
  const { name } = key.algorithm;
  if (!key.usages.includes(use) || (name !== "HMAC" && name !== "Ed25519")) {
    throw new TypeError(
      `${action}: key "${id}" must be for HMAC or Ed25519, and may ${use}; it is for ${name}, and may ${
        key.usages.join(", ")
      }`,
    );
  }
  return { algorithm: name, cryptoKey: key };
}

/** The canonical form of RFC 8785, with a mark in front: a signature of it is none of anything else. */
function bytesOf(action: string, document: unknown): Uint8Array<ArrayBuffer> {
  const text = JSON.stringify(document, (_name, value: unknown) => {
    // A text such as 1e999 becomes one: written as null, it would pass for what was signed.
    if (typeof value !== "number" || Number.isFinite(value)) return value;
    throw new TypeError(`${action}: it is no JSON, it has the number ${value}`);
  });
  if (text === undefined) throw new TypeError(`${action}: it is no JSON, but ${describeValue(document)}`);
  return new TextEncoder().encode(`routilux ${MARK}\n${canonical(JSON.parse(text))}`);
}

function canonical(json: unknown): string {
  if (Array.isArray(json)) return `[${json.map(canonical).join(",")}]`;
  if (typeof json !== "object" || json === null) return JSON.stringify(json);
  const entries = Object.entries(json).sort(([a], [b]) => a < b ? -1 : 1);
  return `{${entries.map(([key, value]) => `${JSON.stringify(key)}:${canonical(value)}`).join(",")}}`;
}
