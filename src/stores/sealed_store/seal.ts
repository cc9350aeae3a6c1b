import { decodeBase64, encodeBase64 } from "../../base/base64.ts";
import { SealedTextError, type SealProblem } from "./errors.ts";
import type { KeyRing, ScopeKeys } from "./key_ring.ts";

const MARK = "sealed1";
const NONCE_BYTES = 12;

/** Where a text belongs. */
export interface Place {
  /** The job, for errors. */
  readonly jobId: string;
  /** Which of its texts, such as `entry 7`, for errors. */
  readonly part: string;
  /** Texts of one scope share their keys: a life of a job, or what all jobs may share. */
  readonly scope: string;
  /** The additional authenticated data: bound to other data, the text cannot be opened. */
  readonly bound: readonly string[];
}

/** Seals a text for a place: each time in another way. */
export async function seal(ring: KeyRing, place: Place, text: string): Promise<string> {
  const keys = await keysOf(ring, ring.currentId, place);
  return write(ring.currentId, place.scope, await encrypt(keys, crypto.getRandomValues(newNonce()), place, text));
}

/** Seals a text for a place by one of the keys: in the same way each time, so that the store can tell equal texts. */
export async function sealAlike(ring: KeyRing, keyId: string, place: Place, text: string): Promise<string> {
  const keys = await keysOf(ring, keyId, place);
  // Nothing but equal texts of equal places have a nonce in common.
  const mac = await crypto.subtle.sign("HMAC", keys.nonce, join(encodePlace(place), encodeText(text)));
  return write(keyId, place.scope, await encrypt(keys, new Uint8Array(mac.slice(0, NONCE_BYTES)), place, text));
}

/** The scope that a sealed text bears; `undefined` when it is not sealed. */
export function scopeOf(text: string): string | undefined {
  return parse(text)?.scope;
}

/**
 * Opens a text that was sealed for a place.
 *
 * @throws {SealedTextError} when it cannot be opened
 */
export async function open(ring: KeyRing, place: Place, text: string): Promise<string> {
  const fail = (problem: SealProblem, keyId?: string) => new SealedTextError(place.jobId, place.part, problem, keyId);
  const parsed = parse(text);
  if (parsed === undefined) throw fail("not sealed");
  const { keyId, nonce, data } = parsed;
  const keys = await ring.scope(keyId, place.scope);
  if (keys === undefined) throw fail("unknown key", keyId);
  let bytes: ArrayBuffer;
  try {
    bytes = await crypto.subtle.decrypt(algorithmFor(place, nonce), keys.cipher, data);
  } catch {
    throw fail("not authentic", keyId);
  }
  return decodeText(new Uint8Array(bytes));
}

async function keysOf(ring: KeyRing, keyId: string, { jobId, part, scope }: Place): Promise<ScopeKeys> {
  const keys = await ring.scope(keyId, scope);
  // Unreachable: the ring names its own keys only.
  if (keys === undefined) throw new SealedTextError(jobId, part, "unknown key", keyId);
  return keys;
}

interface Encrypted {
  readonly nonce: Uint8Array;
  readonly data: Uint8Array;
}

async function encrypt(
  { cipher }: ScopeKeys,
  nonce: Uint8Array<ArrayBuffer>,
  place: Place,
  text: string,
): Promise<Encrypted> {
  return {
    nonce,
    data: new Uint8Array(await crypto.subtle.encrypt(algorithmFor(place, nonce), cipher, encodeText(text))),
  };
}

function algorithmFor(place: Place, nonce: Uint8Array<ArrayBuffer>): AesGcmParams {
  return { name: "AES-GCM", iv: nonce, additionalData: encodePlace(place) };
}

function newNonce(): Uint8Array<ArrayBuffer> {
  return new Uint8Array(NONCE_BYTES);
}

function write(keyId: string, scope: string, { nonce, data }: Encrypted): string {
  return `${MARK}.${keyId}.${scope}.${encodeBase64(nonce)}.${encodeBase64(data)}`;
}

interface Parsed {
  readonly keyId: string;
  readonly scope: string;
  readonly nonce: Uint8Array<ArrayBuffer>;
  readonly data: Uint8Array<ArrayBuffer>;
}

function parse(text: string): Parsed | undefined {
  const [mark, keyId, scope, nonceText, dataText, ...rest] = text.split(".");
  if (mark !== MARK || keyId === undefined || scope === undefined || rest.length > 0) return undefined;
  const nonce = decodeBase64(nonceText ?? ".");
  const data = decodeBase64(dataText ?? ".");
  return nonce === undefined || data === undefined ? undefined : { keyId, scope, nonce, data };
}

function encodePlace({ bound }: Place): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(JSON.stringify(bound));
}

/** A text may have halves of surrogate pairs, which UTF-8 cannot write: then it is UTF-16. */
function encodeText(text: string): Uint8Array<ArrayBuffer> {
  if (text.isWellFormed()) return join(new Uint8Array([8]), new TextEncoder().encode(text));
  const units = new Uint8Array(1 + text.length * 2);
  units[0] = 16;
  const view = new DataView(units.buffer);
  for (let i = 0; i < text.length; i++) view.setUint16(1 + i * 2, text.charCodeAt(i));
  return units;
}

function decodeText(bytes: Uint8Array): string {
  const rest = bytes.subarray(1);
  if (bytes[0] === 8) return new TextDecoder("utf-8", { ignoreBOM: true }).decode(rest);
  const view = new DataView(rest.buffer, rest.byteOffset);
  let text = "";
  for (let at = 0; at + 1 < rest.length; at += 2) text += String.fromCharCode(view.getUint16(at));
  return text;
}

function join(first: Uint8Array, second: Uint8Array): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(first.length + second.length);
  joined.set(first);
  joined.set(second, first.length);
  return joined;
}
