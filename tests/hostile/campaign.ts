import { manualTimers } from "../../src/testing/mod.ts";
import { seededRandom } from "../support/seeded_random.ts";
import { allFamilies, COMPLETE, type Family, nonEmpty } from "./families.ts";
import { BOUNDS } from "./bounded_timers.ts";
import { COMMITS, CommitTrial } from "./commit_trial.ts";
import { FlowTrial } from "./flow_trial.ts";
import { type Host, JobTrial } from "./job_trial.ts";
import { type Donors, gatherDonors, type Mutant, mutate } from "./mutations.ts";
import { describe } from "./refusal.ts";
import { spyOn, type SpyRegistry, watchBuiltIns } from "./spies.ts";

/** What has come of many mutations. */
export interface Report {
  /** How often each kind of document came out how. */
  readonly tally: Readonly<Record<string, number>>;
  /** Those that did something else than they may: seed, complaint and text of each. */
  readonly failures: readonly string[];
}

/** What has come of a mangled document. */
export interface Trial {
  /** Reads the document and sets to work what it makes: what has come of it, unless it runs now. */
  begin(): string | undefined;
  /** Looks, now that no timer is left, for what is missing. */
  end(): Promise<string>;
}

/** A family with what its documents are mangled and read with. */
interface Prepared extends Family {
  readonly spies: SpyRegistry;
  readonly donors: Donors;
}

/** A host for some jobs of a family. */
interface Place extends Host, Pick<Prepared, "name" | "jobs" | "donors"> {}

/** Jobs that run beside each other, each on an engine of its own: what waits for the next macrotask waits together. */
const BATCH = 200;
const START = 5_000;

let prepared: Promise<readonly [Prepared, ...Prepared[]]> | undefined;

/** Tries that many mutations. Seed n + 1 is the second of those that begin with n, in every runtime. */
export async function tryMutations(count: number, seed: number): Promise<Report> {
  const families = await (prepared ??= allFamilies().then((all) => nonEmpty(all.map(prepare))));
  const changed = watchBuiltIns();
  const tally: Record<string, number> = {};
  const failures: string[] = [];
  for (let from = seed; from < seed + count; from += BATCH) {
    const clock = manualTimers(START);
    const sleep = (ms: number) => new Promise<void>((resolve) => void clock.setTimer(clock.now() + ms, resolve));
    const hosts = nonEmpty(families.map((it): Place => ({ ...it, clock, registry: it.registry(sleep) })));
    const length = Math.min(BATCH, seed + count - from);
    const attempts = Array.from({ length }, (_, index) => new Attempt(from + index, hosts));
    for (const attempt of attempts) attempt.begin();
    for (let fired = 0; fired < BATCH * BOUNDS.timers && await clock.advanceToNext(); fired++);
    for (const attempt of attempts) {
      const outcome = await attempt.end();
      tally[outcome] = (tally[outcome] ?? 0) + 1;
      if (attempt.failure !== undefined) failures.push(attempt.failure);
    }
    if (changed() !== "") failures.push(`Seeds ${from} to ${from + length - 1}: ${changed()}`);
  }
  return { tally, failures };
}

function prepare(family: Family): Prepared {
  const spies = spyOn(family.registry(() => Promise.resolve()));
  const texts = [family.flow, ...family.jobs, ...COMMITS.map(([text]) => text), ...COMPLETE];
  return { ...family, spies, donors: gatherDonors(texts.map((text) => JSON.parse(text))) };
}

/** One mutation, with all that it takes to repeat it. */
class Attempt {
  readonly #seed: number;
  readonly #mutant: Mutant;
  readonly #trial: Trial;
  readonly #name: string;
  #outcome: string | undefined;
  /** What it has done that it may not. */
  failure: string | undefined;

  constructor(seed: number, places: readonly [Place, ...Place[]]) {
    const random = seededRandom(seed);
    const place = random.pick(places);
    this.#seed = seed;
    const kind = random.pick(["job", "job", "job", "flow", "commit"]);
    const job = random.pick(place.jobs);
    if (kind === "commit") {
      const [text, before] = random.pick(COMMITS);
      this.#mutant = mutate(text, place.donors, random);
      this.#trial = new CommitTrial(this.#mutant.text, before);
    } else if (kind === "flow") {
      this.#mutant = mutate(place.flow, place.donors, random);
      this.#trial = new FlowTrial(this.#mutant.text, place, job);
    } else {
      this.#mutant = mutate(job, place.donors, random);
      this.#trial = new JobTrial(this.#mutant.text, place);
    }
    this.#name = `a ${kind} of ${place.name}`;
  }

  begin(): void {
    try {
      this.#outcome = this.#trial.begin();
    } catch (error) {
      this.#fail(error);
    }
  }

  async end(): Promise<string> {
    try {
      return this.#outcome ?? await this.#trial.end();
    } catch (error) {
      return this.#fail(error);
    }
  }

  #fail(error: unknown): string {
    const { text, changes } = this.#mutant;
    this.failure = `Seed ${this.#seed}, ${this.#name} (${changes.join(", ")}): ${describe(error)}\n${text}`;
    return this.#outcome = "FAILED";
  }
}
