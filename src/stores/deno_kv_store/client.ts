import type { KeyValueClient, Names, Put, VersionedValue } from "../key_value_kit/client.ts";
import { quietly } from "../key_value_kit/values.ts";
import { watchBell } from "./bell.ts";
import { commit } from "./commit.ts";
import type { KvAtomic, KvClient, KvEntry, KvKey } from "./kv.ts";

/** Deno KV allows values of 65,536 bytes; a UTF-16 code unit, which takes at least one byte of UTF-8, takes up to two. */
const MAX_VALUE_BYTES = 32_000;
/** Deno KV allows 819,200 bytes in a group of writes; half of that leaves room for what it adds. */
const MAX_BYTES = 400_000;
/** Deno KV allows 1,000 writes in a group, and 81,920 bytes of keys. */
const MAX_WRITES = 200;
/** Deno KV reads up to ten entries as of one moment. */
const READ_AT_ONCE = 10;
/** Deno KV lists up to 500 entries at a time. */
const LISTED_AT_ONCE = 100;
/** More than a key takes, and what Deno KV adds to a value. */
const KEY_BYTES = 400;
/** Room for a job's own value, its marks, and what they replace. */
const SPARE_BYTES = 80_000;
const SPARE_WRITES = 50;

/** Makes the client for Deno KV; all keys begin with `prefix`. With `hasBell`, processes tell each other of news. */
export function clientOf(kv: KvClient, prefix: KvKey, hasBell: boolean): KeyValueClient {
  const at = (key: string): KvKey => [...prefix, key];
  const bell = at("bell");
  const self = crypto.randomUUID();
  const watch = hasBell ? kv.watch?.bind(kv) : undefined;

  const putAll = async (puts: readonly Put[]): Promise<void> => {
    for (const group of groupsOf(puts, sizeOf)) {
      const atomic = kv.atomic();
      for (const [key, value] of group) atomic.set(at(key), value);
      await commit(atomic);
    }
  };
  const remove = async (keys: readonly string[]): Promise<void> => {
    for (const group of groupsOf(keys, () => 0)) {
      const atomic = kv.atomic();
      for (const key of group) atomic.delete(at(key));
      await commit(atomic);
    }
  };
  const getAll = async (keys: readonly string[]): Promise<(VersionedValue | undefined)[]> => {
    const groups = Array.from(
      { length: Math.ceil(keys.length / READ_AT_ONCE) },
      (_, index) => keys.slice(index * READ_AT_ONCE, (index + 1) * READ_AT_ONCE).map(at),
    );
    const entries = await Promise.all(groups.map((group) => kv.getMany<string[]>(group)));
    return entries.flat().map(valueIn);
  };
  const names: Names = async function* (from, to, wanted = LISTED_AT_ONCE) {
    const options = { batchSize: Math.min(wanted, LISTED_AT_ONCE) };
    for await (const { key } of kv.list({ start: at(from), end: at(to) }, options)) yield String(key.at(-1));
  };
  return {
    maxValueBytes: MAX_VALUE_BYTES,
    isAtomic: (puts) => fits(puts, SPARE_BYTES, SPARE_WRITES),
    get: async (key) => (await getAll([key]))[0],
    getAll,
    async commit({ key, value, expected, puts, notes, removed, isNews }) {
      const others = [...puts, ...notes];
      const isAtomic = fits(others, SPARE_BYTES, removed.length);
      if (!isAtomic) await putAll(others);
      const atomic: KvAtomic = kv.atomic().check({ key: at(key), versionstamp: expected ?? null }).set(at(key), value);
      if (isNews && hasBell) atomic.set(bell, self);
      if (isAtomic) {
        for (const [other, text] of others) atomic.set(at(other), text);
        for (const other of removed) atomic.delete(at(other));
      }
      const version = await commit(atomic);
      if (version !== undefined && !isAtomic) await quietly(() => remove(removed));
      return version;
    },
    remove,
    async removeAt(key, version) {
      await commit(kv.atomic().check({ key: at(key), versionstamp: version }).delete(at(key)));
    },
    names: (_prefix) => Promise.resolve(names),
    ...(watch && { watch: (onNews) => watchBell({ watch }, bell, self, onNews) }),
  };
}

function valueIn({ value, versionstamp }: KvEntry<string>): VersionedValue | undefined {
  return value === null || versionstamp === null ? undefined : { value, version: versionstamp };
}

function sizeOf([, value]: Put): number {
  return value.length * 2 + KEY_BYTES;
}

/** Whether a group of writes has room for values, and a number of bytes and of other writes. */
function fits(puts: readonly Put[], bytes: number, writes: number): boolean {
  return puts.length + writes <= MAX_WRITES && puts.reduce((sum, it) => sum + sizeOf(it), bytes) <= MAX_BYTES;
}

/** Splits items into groups that may be written at once. */
function groupsOf<T>(items: readonly T[], sizeIn: (item: T) => number): T[][] {
  const groups: T[][] = [];
  let size = 0;
  for (const item of items) {
    const group = groups.at(-1);
    size += sizeIn(item);
    if (group !== undefined && group.length < MAX_WRITES && size <= MAX_BYTES) group.push(item);
    else {
      groups.push([item]);
      size = sizeIn(item);
    }
  }
  return groups;
}
