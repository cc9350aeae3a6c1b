import { describeValue } from "../../base/path.ts";
import type { SealingKey } from "./sealing_key.ts";

/** The keys by which texts of one scope are sealed. */
export interface ScopeKeys {
  /** Encrypts (AES-GCM). */
  readonly cipher: CryptoKey;
  /** Makes the nonce of a text that is sealed in the same way each time (HMAC). */
  readonly nonce: CryptoKey;
}

const ACTION = "Cannot seal a store";
const KEY_BYTES = 32;
/** How many derived keys are kept. */
const MOST_SCOPES = 10_000;

/**
 * Derives a key for each scope from the keys that were given (HKDF-SHA-256): one for each life of a job. So no key seals more texts
 * than random nonces allow, and a text of one job is none of another's.
 */
export class KeyRing {
  /** The id of the key that seals: the first one. The others only open. */
  readonly currentId: string;
  readonly #ids: readonly string[];
  readonly #masters: Map<string, Promise<CryptoKey>> = new Map();
  readonly #scopes: Map<string, Promise<ScopeKeys>> = new Map();

  /**
   * Makes a ring of keys.
   *
   * @throws {TypeError} for a key that is none, and for two of one id
   * @throws {RangeError} for a key of another length
   */
  constructor(keys: readonly SealingKey[]) {
    if (!Array.isArray(keys) || keys.length === 0) {
      throw new TypeError(`${ACTION}: keys must be a list of at least one key, got ${describeValue(keys)}`);
    }
    keys.forEach(({ id, key }: SealingKey, i) => {
      if (typeof id !== "string" || !/^[\w-]{1,64}$/.test(id)) {
        throw new TypeError(
          `${ACTION}: keys[${i}].id must be 1 to 64 letters, digits, "-" and "_", got ${describeValue(id)}`,
        );
      }
      if (!(key instanceof Uint8Array)) {
        throw new TypeError(`${ACTION}: keys[${i}].key must be a Uint8Array of ${KEY_BYTES} random bytes`);
      }
      if (key.length !== KEY_BYTES) {
        throw new RangeError(`${ACTION}: keys[${i}].key must have ${KEY_BYTES} bytes, it has ${key.length}`);
      }
      if (this.#masters.has(id)) throw new TypeError(`${ACTION}: keys has two keys of the id "${id}"`);
      this.#masters.set(id, crypto.subtle.importKey("raw", new Uint8Array(key), "HKDF", false, ["deriveBits"]));
    });
    this.#ids = keys.map(({ id }) => id);
    this.currentId = keys[0]?.id ?? "";
  }

  /** The ids of the keys that only open. */
  get olderIds(): readonly string[] {
    return this.#ids.slice(1);
  }

  /** Returns the keys of a scope; `undefined` when there is no key of this id. */
  async scope(keyId: string, scope: string): Promise<ScopeKeys | undefined> {
    const master = this.#masters.get(keyId);
    if (master === undefined) return undefined;
    const name = `${keyId}.${scope}`;
    const known = this.#scopes.get(name) ?? derive(master, scope);
    this.#scopes.delete(name);
    this.#scopes.set(name, known);
    const [oldest] = this.#scopes.keys();
    if (this.#scopes.size > MOST_SCOPES && oldest !== undefined) this.#scopes.delete(oldest);
    return await known;
  }
}

async function derive(master: Promise<CryptoKey>, scope: string): Promise<ScopeKeys> {
  const { subtle } = crypto;
  const salt = new TextEncoder().encode(scope);
  const info = new TextEncoder().encode("routilux sealed store 1");
  const bits = await subtle.deriveBits({ name: "HKDF", hash: "SHA-256", salt, info }, await master, 2 * KEY_BYTES * 8);
  const hmac = { name: "HMAC", hash: "SHA-256" };
  const [cipher, nonce] = await Promise.all([
    subtle.importKey("raw", bits.slice(0, KEY_BYTES), "AES-GCM", false, ["encrypt", "decrypt"]),
    subtle.importKey("raw", bits.slice(KEY_BYTES), hmac, false, ["sign"]),
  ]);
  return { cipher, nonce };
}
