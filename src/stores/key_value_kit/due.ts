import type { JobRecord, NextDueQuery, TakeQuery } from "../../ports/store.ts";
import { dueOfAll, dueSince, isAskedFor, isHeld, nextDueOfAll } from "../../ports/store_kit.ts";
import type { Names } from "./client.ts";
import { DUE, dueFilter, type Kind, type Mark, marksAt } from "./marks.ts";
import { LAST, numberName } from "./names.ts";
import type { Leases } from "./leases.ts";
import { chunksOf, filtered, marksBetween } from "./scan.ts";
import type { Space } from "./space.ts";

/** Returns the jobs that `take` claims: of those that are due, no more are read than are asked for. */
export async function dueJobs(space: Space, query: TakeQuery, leases: Leases): Promise<JobRecord[]> {
  const { now, limit } = query;
  const search = await searchOf(space, query, leases);
  const isDue = (record: JobRecord) => dueSince(record, now) !== undefined;
  // In each part, jobs are ordered as `take` orders them: by priority, then by the instant since which they have been due.
  const unread: Part = { kind: "unread", place: [] };
  const parts: readonly Part[] = query.unread === true ? [unread] : [{ kind: "wait", place: [], upTo: now }, unread];
  const found = (await Promise.all(parts.map((it) => search.first(it, isDue, limit)))).flat();
  for await (const { incarnation, sample } of search.incarnations()) {
    if (isHeld(sample, now)) continue;
    found.push(...await search.first({ kind: "claim", place: [incarnation] }, isDue, limit));
  }
  return dueOfAll(new Map(found.map((record) => [record.jobId, record])).values(), query);
}

/** Returns the answer to `nextDueAt`, reading the first job of each priority. */
export async function nextDue(space: Space, query: NextDueQuery, leases: Leases): Promise<number | undefined> {
  const { now } = query;
  const search = await searchOf(space, query, leases);
  const found = (await Promise.all([
    query.unread === true ? [] : search.firstOfEach({ kind: "wait", place: [] }, () => true),
    search.firstOfEach({ kind: "unread", place: [] }, (record) => !isHeld(record, now)),
  ])).flat();
  for await (const { incarnation } of search.incarnations()) {
    if (incarnation === query.exceptIncarnation) continue;
    found.push(...await search.firstOfEach({ kind: "claim", place: [incarnation] }, () => true));
  }
  return nextDueOfAll(found, query);
}

/** A part of the index of due jobs. */
interface Part {
  readonly kind: Kind;
  /** Where its marks begin, before their priority. */
  readonly place: readonly number[];
  /** The instant up to which it is looked through. */
  readonly upTo?: number;
}

type Test = (record: JobRecord) => boolean;

/** Looks through the index of due jobs, skipping all that is not asked for. */
class Search {
  readonly #space: Space;
  readonly #names: Names;
  readonly #leases: Leases;
  readonly #mayMatch: (mark: Mark) => boolean;
  readonly #query: NextDueQuery;

  constructor(space: Space, names: Names, leases: Leases, mayMatch: (mark: Mark) => boolean, query: NextDueQuery) {
    this.#space = space;
    this.#names = names;
    this.#leases = leases;
    this.#mayMatch = mayMatch;
    this.#query = query;
  }

  /** The first jobs of a part that pass a test. */
  async first(part: Part, passes: Test, limit: number): Promise<JobRecord[]> {
    const found: JobRecord[] = [];
    for await (const [from, to] of this.#priorities(part)) {
      found.push(...await this.#read(part.kind, from, to, passes, limit - found.length));
      if (found.length >= limit) break;
    }
    return found;
  }

  /** The first job of each priority that passes a test. */
  async firstOfEach(part: Part, passes: Test): Promise<JobRecord[]> {
    const found: JobRecord[] = [];
    for await (const [from, to] of this.#priorities(part)) {
      found.push(...await this.#read(part.kind, from, to, passes, 1));
    }
    return found;
  }

  /** The incarnations that have claimed jobs, with one job of each. */
  async *incarnations(): AsyncGenerator<{ readonly incarnation: number; readonly sample: JobRecord }> {
    for await (const [from, to] of this.#steps(marksAt("claim"))) {
      const [sample] = await this.#read("claim", from, to, undefined, 1);
      if (sample?.incarnation !== undefined) yield { incarnation: sample.incarnation, sample };
    }
  }

  /** The ranges of the priorities in a part. */
  async *#priorities({ kind, place, upTo }: Part): AsyncGenerator<readonly [from: string, to: string]> {
    for await (const [from, , first] of this.#steps(marksAt(kind, ...place))) {
      const to = from + (upTo === undefined ? "" : numberName(upTo)) + LAST;
      if (first < to) yield [from, to];
    }
  }

  /** The ranges of the different numbers that follow a beginning. Only one key is read for each. */
  async *#steps(start: string): AsyncGenerator<readonly [from: string, to: string, first: string]> {
    for (let from = start;;) {
      const first = await firstKey(this.#names, from, start + LAST);
      if (first === undefined) return;
      const step = first.slice(0, first.indexOf("/", start.length) + 1);
      yield [step, step + LAST, first];
      from = step + LAST;
    }
  }

  async #read(kind: Kind, from: string, to: string, passes: Test | undefined, limit: number): Promise<JobRecord[]> {
    const found: JobRecord[] = [];
    const marks = marksBetween(this.#names, from, to, limit);
    // A test is a search for jobs that are asked for; without one, any job will do.
    const asked = passes === undefined ? marks : filtered(marks, this.#mayMatch);
    for await (const chunk of chunksOf(asked, limit)) {
      for (const { state } of await this.#space.records.marked(kind, chunk)) {
        const record = await this.#leases.read(state.record);
        if (passes === undefined || isAskedFor(record, this.#query) && passes(record)) found.push(record);
      }
      if (found.length >= limit) return found.slice(0, limit);
    }
    return found;
  }
}

async function searchOf(space: Space, query: NextDueQuery, leases: Leases): Promise<Search> {
  return new Search(space, await space.client.names(DUE), leases, await dueFilter(query), query);
}

async function firstKey(names: Names, from: string, to: string): Promise<string | undefined> {
  for await (const key of names(from, to, 1)) return key;
  return undefined;
}
