import type { KeyValueClient, Put } from "../key_value_kit/client.ts";
import { inBatches, quietly } from "../key_value_kit/values.ts";
import type { KeyValueEntry, KeyValueStorage } from "./storage.ts";

/** Makes the client for a storage that changes one key at a time. */
export function clientOf(storage: KeyValueStorage, prefix: string, maxValueBytes: number): KeyValueClient {
  /** Writes a value, whatever there is under its key. */
  const put = async ([key, value]: Put): Promise<void> => {
    let entry: KeyValueEntry | undefined;
    do {
      if (await storage.set(prefix + key, value, entry?.version) !== undefined) return;
      entry = await storage.get(prefix + key);
    } while (entry?.value !== value);
  };
  const putAll = async (puts: readonly Put[]): Promise<void> => {
    const errors: unknown[] = [];
    await inBatches(puts, async (it) => {
      if (errors.length === 0) await put(it).catch((error) => void errors.push(error));
    });
    if (errors.length > 0) throw errors[0];
  };
  const remove = async (keys: readonly string[]): Promise<void> => {
    await inBatches(keys, async (key) => await storage.delete(prefix + key));
  };
  const get: KeyValueClient["get"] = async (key) => await storage.get(prefix + key);
  return {
    maxValueBytes,
    isAtomic: (puts) => puts.length === 0,
    get,
    getAll: (keys) => inBatches(keys, get),
    async commit({ key, value, expected, puts, notes, removed }) {
      try {
        await putAll([...puts, ...notes]);
      } catch (error) {
        await quietly(() => remove(puts.map(([it]) => it)));
        throw error;
      }
      const version = await storage.set(prefix + key, value, expected);
      if (version !== undefined) await quietly(() => remove(removed));
      return version;
    },
    remove,
    removeAt: async (key, version) => void await storage.delete(prefix + key, version),
    async names(start) {
      const all = Array.from(await storage.list(prefix + start), (key) => key.slice(prefix.length)).sort();
      return (from, to) => between(all, from, to);
    },
  };
}

/** The keys of a sorted list from one up to, not including, another. */
async function* between(all: readonly string[], from: string, to: string): AsyncGenerator<string> {
  let [low, high] = [0, all.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((all[middle] ?? "") < from) low = middle + 1;
    else high = middle;
  }
  for (let at = low; at < all.length; at++) {
    const key = all[at] ?? "";
    if (key >= to) return;
    yield key;
  }
}
