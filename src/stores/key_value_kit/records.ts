import type { IdSource } from "../../ports/ids.ts";
import type { Cell, Cells, More } from "./cells.ts";
import type { KeyValueClient, Put } from "./client.ts";
import { isMarkOf, type Kind, type Mark, marksOf, nextTurns } from "./marks.ts";
import { nameOf, numberName } from "./names.ts";
import { type Ghost, type JobState, KIND, parseState, type Write } from "./state.ts";
import { MissingValueError, quietly } from "./values.ts";

/** The value of a job's key as it was read. */
export interface Located<S = JobState | Ghost> {
  /** The name of the job in keys. */
  readonly name: string;
  /** The value as stored. */
  readonly cell: Cell;
  /** The parsed value. */
  readonly state: S;
}

/** The next value of a job's key, without the parts that every write adds. */
export type Next<S extends Write> = Omit<S, keyof Write | "format" | "version" | "marks" | "mark">;

/** Access to the keys of jobs. */
export class Records {
  readonly #client: KeyValueClient;
  readonly #cells: Cells;
  readonly #ids: IdSource;

  /** Makes the access for a client. */
  constructor(client: KeyValueClient, cells: Cells, ids: IdSource) {
    this.#client = client;
    this.#cells = cells;
    this.#ids = ids;
  }

  /** Reads the value of a job's key. */
  async at(name: string): Promise<Located | undefined> {
    return locatedIn(name, await this.#cells.read(keyOf(name)));
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
      const { cell: { version }, state: { record } }: Located<JobState> = located;
      try {
        return await run(located);
      } catch (error) {
        located = await this.find(record.jobId, record.life);
        if (!(error instanceof MissingValueError) || located?.cell.version === version) throw error;
      }
    }
    return undefined;
  }

  /** Reads the jobs of marks of a kind, in order. Marks that do not count are left out, and deleted if they never will. */
  async marked(kind: Kind, marks: readonly Mark[]): Promise<Located<JobState>[]> {
    const cells = await this.#cells.readAll(marks.map(({ name }) => keyOf(name)));
    const found: Located<JobState>[] = [];
    const stale: string[] = [];
    for (const [index, mark] of marks.entries()) {
      const located = locatedIn(mark.name, cells[index]);
      const verdict = judge(kind, mark, located);
      if (verdict === "stale") stale.push(mark.key);
      else if (verdict !== "pending") found.push(verdict);
      if (located !== undefined && isDeleted(located)) await quietly(() => this.bury(located));
    }
    if (stale.length > 0) await quietly(() => this.#client.remove(stale));
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
    const added = is.filter((mark) => !was.includes(mark));
    const swung = await this.#set(name, before, state, next.record.life, {
      ...more,
      notes: [...more.notes ?? [], ...added.map((mark): Put => [mark, "0"])],
      removed: was.filter((mark) => !is.includes(mark)),
    });
    if (swung === undefined && added.length > 0) await quietly(() => this.#withdraw(name, added));
    return swung;
  }

  /** Replaces the value of a job's key by that of a job that is not there. */
  async swingToGhost(
    name: string,
    before: Located | undefined,
    next: Next<Ghost>,
  ): Promise<Located<Ghost> | undefined> {
    const old = before !== undefined && isJob(before) ? before.state : undefined;
    const marks = old === undefined ? new Map<Kind, string>() : marksOf(name, old.record, old.marks);
    const state: Ghost = { ...KIND, ...next, ...this.#writeAfter(before), mark: marks.get("age") };
    const removed = [...marks.values()].filter((mark) => mark !== state.mark);
    return await this.#set(name, before, state, next.lives[0] ?? 0, { removed });
  }

  /** Removes the remains of a deleted job. */
  async bury({ name, cell, state: { lives, mark } }: Located<Ghost>): Promise<void> {
    for (const life of lives) await this.clear(life);
    await this.#client.removeAt(keyOf(name), cell.version);
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
    life: number,
    more: More,
  ): Promise<Located<S> | undefined> {
    const place = `${dataOf(life)}/h/${numberName(state.turn)}/${state.write}`;
    const cell = await this.#cells.set(keyOf(name), before?.cell, JSON.stringify(state), place, more);
    return cell && { name, cell, state };
  }

  /** Removes marks that were written for a value that was not set, unless they are the same as those of the value that was. */
  async #withdraw(name: string, added: readonly string[]): Promise<void> {
    const now = await this.at(name);
    const marks = now !== undefined && isJob(now) ? [...marksOf(name, now.state.record, now.state.marks).values()] : [];
    await this.#client.remove(added.filter((mark) => !marks.includes(mark)));
  }
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
  if (isMarkOf(mark, kind, record, marks)) return located;
  return turn < mark.turn ? "pending" : "stale";
}

function locatedIn(name: string, cell: Cell | undefined): Located | undefined {
  return cell && { name, cell, state: parseState(cell.text) };
}

function keyOf(name: string): string {
  return `job/${name}`;
}
