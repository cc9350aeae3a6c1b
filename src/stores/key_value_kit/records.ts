import type { IdSource } from "../../ports/ids.ts";
import type { Change, KeyValueClient, Put } from "./client.ts";
import { type Kind, type Mark, marksOf, nextTurns } from "./marks.ts";
import { nameOf, numberName } from "./names.ts";
import { type Ghost, type JobState, KIND, parseState, type Write } from "./state.ts";
import { MissingValueError, packedPartsOf, quietly, type Values } from "./values.ts";

/** The value of a job's key as it was read, with the version to compare with. */
export interface Located<S = JobState | Ghost> {
  /** The name of the job in keys. */
  readonly name: string;
  /** The version of the value. */
  readonly version: string;
  /** The value as stored. */
  readonly packed: string;
  /** The parsed value. */
  readonly state: S;
}

/** The next value of a job's key; what is written with each value is added. */
export type Next<S extends Write> = Omit<S, keyof Write | "format" | "version" | "marks">;

/** What else changes with a job's key. */
export interface More {
  /** Values that the next one refers to, under new keys. */
  readonly puts?: readonly Put[] | undefined;
  /** Values that count, or not, by what they say themselves. */
  readonly notes?: readonly Put[] | undefined;
  /** Whether other processes should look at the store then. */
  readonly isNews?: boolean;
}

/** Access to the keys of jobs. */
export class Records {
  readonly #client: KeyValueClient;
  readonly #values: Values;
  readonly #ids: IdSource;

  /** Makes the access for a client. */
  constructor(client: KeyValueClient, values: Values, ids: IdSource) {
    this.#client = client;
    this.#values = values;
    this.#ids = ids;
  }

  /** Reads the value of a job's key. */
  async at(name: string): Promise<Located | undefined> {
    for (let previous: string | undefined;;) {
      const entry = await this.#client.get(keyOf(name));
      if (entry === undefined) return undefined;
      const { value: packed, version } = entry;
      try {
        return { name, version, packed, state: parseState(await this.#values.unpack(packed)) };
      } catch (error) {
        // A value that is stored in parts may have been replaced between two reads.
        if (!(error instanceof MissingValueError) || version === previous) throw error;
        previous = version;
      }
    }
  }

  /** Reads a job; `undefined` when there is none, or not this life of it. */
  async find(jobId: string, life?: number): Promise<Located<JobState> | undefined> {
    const located = await this.at(await nameOf(jobId));
    if (located === undefined || !isJob(located)) return undefined;
    return life === undefined || located.state.record.life === life ? located : undefined;
  }

  /**
   * Reads values that a job refers to. Tries again when a value is missing because the job has changed meanwhile; `undefined` when
   * it is gone.
   */
  async read<T>(
    first: Located<JobState> | undefined,
    run: (located: Located<JobState>) => Promise<T>,
  ): Promise<T | undefined> {
    for (let located = first; located !== undefined;) {
      const { version, state: { record } } = located;
      try {
        return await run(located);
      } catch (error) {
        located = await this.find(record.jobId, record.life);
        if (!(error instanceof MissingValueError) || located?.version === version) throw error;
      }
    }
    return undefined;
  }

  /** Reads the jobs of marks of a kind, in order. Marks that do not count are left out, and deleted if they never will. */
  async marked(kind: Kind, marks: readonly Mark[]): Promise<Located<JobState>[]> {
    const entries = await this.#client.getAll(marks.map(({ name }) => keyOf(name)));
    const found: Located<JobState>[] = [];
    const stale: Mark[] = [];
    for (const [index, mark] of marks.entries()) {
      const { value, version } = entries[index] ?? {};
      const located = value === undefined || version === undefined
        ? undefined
        : value.startsWith("{")
        ? { name: mark.name, version, packed: value, state: parseState(value) }
        : await this.at(mark.name);
      const verdict = judge(kind, mark, located);
      if (verdict === "stale") stale.push(mark);
      else if (verdict !== "pending") found.push(verdict);
      if (located !== undefined && isDeleted(located)) await quietly(() => this.bury(located));
    }
    if (stale.length > 0) await quietly(() => this.#client.remove(stale.map(({ key }) => key)));
    return found;
  }

  /**
   * Replaces the value of a job's key, by compare-and-set. Returns `undefined`, and changes nothing, when the key no longer has the
   * value `before`.
   */
  async swing(
    name: string,
    before: Located | undefined,
    next: Next<JobState>,
    more: More = {},
  ): Promise<Located<JobState> | undefined> {
    const { turn, write } = this.#writeAfter(before);
    const old = before !== undefined && isJob(before) ? before.state : undefined;
    const marks = nextTurns(old, next.record, turn);
    const state: JobState = { ...KIND, ...next, turn, write, marks };
    const isMoved = old?.marks !== marks;
    const was = old !== undefined && isMoved ? [...marksOf(name, old.record, old.marks).values()] : [];
    const is = isMoved ? [...marksOf(name, next.record, marks).values()] : [];
    const added = is.filter((mark) => !was.includes(mark)).map((mark): Put => [mark, "0"]);
    const removed = was.filter((mark) => !is.includes(mark));
    return await this.#set(name, before, state, { place: dataOf(next.record.life), ...more, added, removed });
  }

  /** Replaces the value of a job's key by that of a job that is not there. */
  async swingToGhost(
    name: string,
    before: Located | undefined,
    next: Omit<Next<Ghost>, "mark">,
  ): Promise<Located<Ghost> | undefined> {
    const old = before !== undefined && isJob(before) ? before.state : undefined;
    const marks = old === undefined ? new Map<Kind, string>() : marksOf(name, old.record, old.marks);
    const state: Ghost = { ...KIND, ...next, ...this.#writeAfter(before), mark: marks.get("age") };
    const removed = [...marks.values()].filter((mark) => mark !== state.mark);
    return await this.#set(name, before, state, { place: dataOf(next.lives[0] ?? 0), removed });
  }

  /** Removes the remains of a deleted job. */
  async bury({ name, version, state: { lives, mark } }: Located<Ghost>): Promise<void> {
    for (const life of lives) await this.clear(life);
    await this.#client.removeAt(keyOf(name), version);
    if (mark !== undefined) await this.#client.remove([mark]);
  }

  /** Removes all values of a life but its marks. */
  async clear(life: number): Promise<void> {
    const names = await this.#client.names(`${dataOf(life)}/`);
    const keys: string[] = [];
    for await (const key of names(`${dataOf(life)}/`, `${dataOf(life)}0`)) keys.push(key);
    await this.#client.remove(keys);
  }

  #writeAfter(before: Located | undefined): Write {
    return { turn: (before?.state.turn ?? 0) + 1, write: this.#ids.id() };
  }

  async #set<S extends Write>(
    name: string,
    before: Located | undefined,
    state: S,
    { place, puts = [], notes = [], added = [], removed = [], isNews = false }: Setting,
  ): Promise<Located<S> | undefined> {
    const packed = this.#values.pack(`${place}/h/${numberName(state.turn)}/${state.write}`, JSON.stringify(state));
    const outdated = before === undefined ? [] : packedPartsOf(before.packed);
    const own = [...packed.puts, ...puts];
    const version = await this.#commit({
      ...{ key: keyOf(name), value: packed.result, expected: before?.version, isNews },
      ...{ puts: own, notes: [...notes, ...added], removed: [...removed, ...outdated] },
    });
    if (version !== undefined) return { name, version, packed: packed.result, state };
    await quietly(() => this.#withdraw(name, own, added));
    return undefined;
  }

  /** After an error the value may have been set or not. Its `write` is unique, so finding the value proves that it was. */
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

  /** Removes what was written for a value that was not set. A mark may be the same as that of the value that was. */
  async #withdraw(name: string, puts: readonly Put[], added: readonly Put[]): Promise<void> {
    if (puts.length + added.length === 0) return;
    const now = await this.at(name);
    const marks = now !== undefined && isJob(now) ? [...marksOf(name, now.state.record, now.state.marks).values()] : [];
    await this.#client.remove([...puts, ...added].map(([key]) => key).filter((key) => !marks.includes(key)));
  }
}

interface Setting extends More {
  readonly place: string;
  readonly added?: readonly Put[];
  readonly removed?: readonly string[];
}

/** The beginning of the keys of a life's other values; a slash follows. */
export function dataOf(life: number): string {
  return `data/${life}`;
}

/** Whether a job exists, rather than only its ghost. */
export function isJob(located: Located): located is Located<JobState> {
  return !("lives" in located.state);
}

/** The lives whose values a ghost notes. */
export function livesOf({ state }: Located): readonly number[] {
  return "lives" in state ? state.lives : [];
}

/** Whether there are only the remains of a deleted job. */
export function isDeleted(located: Located): located is Located<Ghost> {
  return "isDeleted" in located.state && located.state.isDeleted;
}

/** Whether a mark counts: if so, its job; it is stale if it never will, and pending if it may. */
function judge(kind: Kind, mark: Mark, located: Located | undefined): Located<JobState> | "stale" | "pending" {
  if (located === undefined) return "stale";
  if (!isJob(located)) return livesOf(located).includes(mark.life) ? "pending" : "stale";
  const { record, marks, turn } = located.state;
  if (record.life !== mark.life) return "stale";
  if (marksOf(located.name, record, marks).get(kind) === mark.key) return located;
  return turn < mark.turn ? "pending" : "stale";
}

function keyOf(name: string): string {
  return `job/${name}`;
}
