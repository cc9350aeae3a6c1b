import type { Head, Tombstone } from "./head.ts";
import type { KeyValueStorage } from "./storage.ts";
import { inBatches } from "./values.ts";

/**
 * Removes the values of a job that nothing refers to, nor ever will: what a snapshot has taken the place of, and what writers
 * left who died or were too late. That can be read off a key: entries up to the snapshot are outdated, whoever wrote them, as are
 * snapshots before it and heads before the present one; later ones may belong to a write that is under way.
 */
export async function sweep(storage: KeyValueStorage, head: Head): Promise<void> {
  const prefix = `${head.data}/`;
  const isOutdated = (key: string): boolean => {
    const [kind, number, id] = key.slice(prefix.length).split("/");
    const at = Number(number);
    if (kind === "e") return at <= head.snapshotRevision;
    if (kind === "h") return at < head.turn || at === head.turn && id !== head.write;
    return kind === "s" && at <= head.snapshotRevision && !key.startsWith(`${head.snapshot.key}/`);
  };
  const keys = [...await storage.list(prefix)].filter(isOutdated);
  await inBatches(keys, async (key) => await storage.delete(key));
}

/** Removes all values of a job that is gone. */
export async function sweepAll(storage: KeyValueStorage, { data }: Pick<Tombstone, "data">): Promise<void> {
  await inBatches([...await storage.list(`${data}/`)], async (key) => await storage.delete(key));
}
