import type { KvAtomic, KvClient, KvEntry, KvKey, KvKeyPart, KvSelector } from "../../src/stores/deno_kv_store.ts";

/** What becomes of a commit: it is made, or refused as by a check, or there is an error before it or after it. */
export type Fate = "made" | "refused" | "locked" | "failed" | "unanswered";

interface Stored {
  readonly key: KvKey;
  readonly value: unknown;
  readonly versionstamp: string;
}

const MOST = { value: 65_536, key: 2_048, writes: 1_000, checks: 100, total: 819_200, keys: 81_920, read: 10 };
/** Few, so that what is being listed changes meanwhile. */
const BATCH = 3;
/** As Deno KV sorts the types of key parts. */
const TYPES = ["object", "string", "number", "bigint", "boolean"];

/** Deno KV in memory, with its limits and its order of keys, whose commits fail as a test likes. */
export class FakeKv {
  /** Decides what becomes of a commit. */
  fateOf: (hasChecks: boolean) => Fate = () => "made";
  /** Called before a commit: what others do then comes in between. */
  beforeCommit: (hasChecks: boolean) => Promise<void> = async () => {};
  #entries: Stored[] = [];
  readonly #watchers = new Set<(key: KvKey) => void>();
  #lastVersion = 0;

  /** The keys of all entries, as text. */
  get keys(): string[] {
    return this.#entries.map(({ key }) => key.map(String).join("/"));
  }

  /** How many keys are being watched. */
  get watched(): number {
    return this.#watchers.size;
  }

  /** A client of it. */
  client(): KvClient {
    return {
      getMany: async (keys) => {
        refuseAbove("ranges", keys.length, MOST.read);
        await undefined;
        return copyOf(keys.map((key) => this.#find(key)));
      },
      list: (selector) => this.#list(selector),
      atomic: () => this.#atomic(),
      watch: (keys) => {
        let watcher = (_changed: KvKey) => {};
        return new ReadableStream({
          start: (controller) => {
            const tell = () => controller.enqueue(copyOf(keys.map((key) => this.#find(key))));
            watcher = (changed) => keys.some((key) => compareKeys(key, changed) === 0) && tell();
            this.#watchers.add(watcher);
            tell();
          },
          cancel: () => void this.#watchers.delete(watcher),
        });
      },
    };
  }

  #find(key: KvKey): KvEntry<unknown> {
    const entry = this.#entries[this.#placeOf(key)];
    const isThere = entry !== undefined && compareKeys(entry.key, key) === 0;
    return isThere ? entry : { key, value: null, versionstamp: null };
  }

  async *#list<T>({ start, end }: KvSelector): AsyncGenerator<KvEntry<T>> {
    for (let last = start, isFirst = true;; isFirst = false) {
      await undefined;
      let at = this.#placeOf(last);
      const found = this.#entries[at];
      if (!isFirst && found !== undefined && compareKeys(found.key, last) === 0) at++;
      const batch = this.#entries.slice(at, at + BATCH).filter(({ key }) => compareKeys(key, end) < 0);
      for (const { key, value, versionstamp } of batch) yield { key, value: copyOf(value), versionstamp };
      if (batch.length < BATCH) return;
      last = batch.at(-1)?.key ?? last;
    }
  }

  #atomic(): KvAtomic {
    const checks: { readonly key: KvKey; readonly versionstamp: string | null }[] = [];
    const writes: { readonly key: KvKey; readonly value?: unknown }[] = [];
    const atomic: KvAtomic = {
      check(entry) {
        checks.push(entry);
        return atomic;
      },
      set(key, value) {
        writes.push({ key, value });
        return atomic;
      },
      delete(key) {
        writes.push({ key });
        return atomic;
      },
      commit: async () => {
        refuseAbove("checks", checks.length, MOST.checks);
        refuseAbove("mutations", writes.length, MOST.writes);
        const sizes = writes.map(({ key, value }) => ({ key: sizeOfKey(key), value: sizeOf(value) }));
        for (const { key, value } of sizes) {
          refuseAbove("bytes in a key", key, MOST.key);
          refuseAbove("bytes in a value", value, MOST.value);
        }
        refuseAbove("bytes of keys", sizes.reduce((sum, { key }) => sum + key, 0), MOST.keys);
        refuseAbove("bytes", sizes.reduce((sum, { key, value }) => sum + key + value, 0), MOST.total);
        await this.beforeCommit(checks.length > 0);
        const fate = this.fateOf(checks.length > 0);
        if (fate === "locked") throw new TypeError("database is locked");
        if (fate === "failed") throw new Error("Deno KV is out of reach");
        if (fate === "refused") return { ok: false };
        if (checks.some(({ key, versionstamp }) => this.#find(key).versionstamp !== versionstamp)) return { ok: false };
        const versionstamp = String(++this.#lastVersion);
        for (const { key, value } of writes) this.#write(key, value, versionstamp);
        for (const { key } of writes) for (const watcher of this.#watchers) watcher(key);
        if (fate === "unanswered") throw new Error("Deno KV has not answered");
        return { ok: true, versionstamp };
      },
    };
    return atomic;
  }

  #write(key: KvKey, value: unknown, versionstamp: string): void {
    const at = this.#placeOf(key);
    const found = this.#entries[at];
    const isThere = found !== undefined && compareKeys(found.key, key) === 0;
    const entry = value === undefined ? [] : [{ key, value: copyOf(value), versionstamp }];
    this.#entries.splice(at, isThere ? 1 : 0, ...entry);
  }

  #placeOf(key: KvKey): number {
    let [low, high] = [0, this.#entries.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (compareKeys(this.#entries[middle]?.key ?? [], key) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** A copy as JSON makes one: typed by whoever asks, like what Deno KV returns. */
function copyOf(value: unknown): ReturnType<typeof JSON.parse> {
  return typeof value === "string" ? value : JSON.parse(JSON.stringify(value));
}

function refuseAbove(what: string, actual: number, most: number): void {
  if (actual > most) throw new TypeError(`Too many ${what} (max ${most}): ${actual}`);
}

function compareKeys(a: KvKey, b: KvKey): number {
  for (const [index, part] of a.entries()) {
    if (index >= b.length) return 1;
    const order = compareParts(part, b[index]);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

function compareParts(a: KvKeyPart, b: KvKeyPart | undefined): number {
  if (b === undefined) return 1;
  if (typeof a !== typeof b) return TYPES.indexOf(typeof a) - TYPES.indexOf(typeof b);
  if (typeof a === "number" && typeof b === "number") return a - b;
  // The order of UTF-16 units is that of bytes of UTF-8, as far as a test has no surrogate pairs in keys.
  if (typeof a === "string" && typeof b === "string") return a === b ? 0 : a < b ? -1 : 1;
  const [one, other] = [bytesOf(a), bytesOf(b)];
  for (const [index, byte] of one.entries()) {
    if (byte !== other[index]) return byte - (other[index] ?? -1);
  }
  return one.length - other.length;
}

function bytesOf(part: KvKeyPart): Uint8Array {
  return part instanceof Uint8Array ? part : new TextEncoder().encode(String(part));
}

function sizeOfKey(key: KvKey): number {
  return key.reduce<number>((sum, part) => sum + bytesOf(part).length + 2, 0);
}

/** What a value takes as Deno KV writes it: characters of one byte each, or of two. */
function sizeOf(value: unknown): number {
  if (typeof value === "string") return 8 + value.length * (/^[\0-\xff]*$/.test(value) ? 1 : 2);
  if (typeof value !== "object" || value === null) return 10;
  return Object.entries(value).reduce((sum, [key, part]) => sum + sizeOf(key) + sizeOf(part), 10);
}
