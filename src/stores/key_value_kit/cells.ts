import type { Change, KeyValueClient, Put, VersionedValue } from "./client.ts";
import { MissingValueError, packedPartsOf, quietly, type Values } from "./values.ts";

/** A value that changes, of any length, as it was read. */
export interface Cell {
  /** The version to compare with. */
  readonly version: string;
  /** The value as stored. */
  readonly packed: string;
  /** The value: a JSON object. */
  readonly text: string;
}

/** What else changes with a cell. */
export interface More {
  /** Values under new keys, which the new value refers to. */
  readonly puts?: readonly Put[] | undefined;
  /** Values that others may write, too, in the same way. */
  readonly notes?: readonly Put[] | undefined;
  /** Keys that the new value makes useless. */
  readonly removed?: readonly string[] | undefined;
  /** Whether other processes should look at the store then. */
  readonly isNews?: boolean | undefined;
}

/** Keys whose values are changed by compare-and-set. */
export class Cells {
  readonly #client: KeyValueClient;
  readonly #values: Values;

  /** Makes the access for a client. */
  constructor(client: KeyValueClient, values: Values) {
    this.#client = client;
    this.#values = values;
  }

  /** Reads a cell; `undefined` when it has no value. */
  async read(key: string): Promise<Cell | undefined> {
    return await this.#unpack(key, await this.#client.get(key));
  }

  /** Reads cells. */
  async readAll(keys: readonly string[]): Promise<(Cell | undefined)[]> {
    const entries = await this.#client.getAll(keys);
    return await Promise.all(keys.map((key, index) => this.#unpack(key, entries[index])));
  }

  async #unpack(key: string, first: VersionedValue | undefined): Promise<Cell | undefined> {
    for (let entry = first; entry !== undefined;) {
      const { value: packed, version }: VersionedValue = entry;
      try {
        return { version, packed, text: await this.#values.unpack(packed) };
      } catch (error) {
        // A value that is stored in parts may have been replaced between two reads.
        entry = await this.#client.get(key);
        if (!(error instanceof MissingValueError) || entry?.version === version) throw error;
      }
    }
    return undefined;
  }

  /**
   * Replaces the value of a cell by a text that nobody else writes. Returns `undefined`, and changes nothing, when the cell no longer
   * has the value `before`. The keys of a long text begin with `place`.
   */
  async set(key: string, before: Cell | undefined, text: string, place: string, more: More): Promise<Cell | undefined> {
    const { puts = [], notes = [], removed = [], isNews = false } = more;
    const packed = this.#values.pack(place, text);
    const outdated = before === undefined ? [] : packedPartsOf(before.packed);
    const own = [...packed.puts, ...puts];
    const version = await this.#commit({
      ...{ key, value: packed.result, expected: before?.version, isNews },
      ...{ puts: own, notes, removed: [...removed, ...outdated] },
    });
    if (version !== undefined) return { version, packed: packed.result, text };
    if (own.length > 0) await quietly(() => this.#client.remove(own.map(([it]) => it)));
    return undefined;
  }

  /** After an error the value may have been set or not. Nobody else writes it, so finding it proves that it was. */
  async #commit(change: Change): Promise<string | undefined> {
    try {
      return await this.#client.commit(change);
    } catch (error) {
      const entry = await this.#client.get(change.key).catch(() => undefined);
      if (entry?.value !== change.value) throw error;
      await quietly(() => this.#client.remove(change.removed));
      return entry.version;
    }
  }
}
