import handEnd from "../fixtures/wire/v1/hand_end.json" with { type: "json" };
import handFlow from "../fixtures/wire/v1/hand_flow.json" with { type: "json" };
import handJob from "../fixtures/wire/v1/hand_job.json" with { type: "json" };
import leg1 from "../fixtures/wire/v1/leg_01_deno.json" with { type: "json" };
import leg3 from "../fixtures/wire/v1/leg_03_node.json" with { type: "json" };
import leg5 from "../fixtures/wire/v1/leg_05_deno.json" with { type: "json" };
import leg8 from "../fixtures/wire/v1/leg_08_workerd.json" with { type: "json" };
import leg10 from "../fixtures/wire/v1/leg_10_bun.json" with { type: "json" };
import { completeRegistry } from "../runtimes/complete_flow.ts";
import { createRegistry } from "../runtimes/relay_flow.ts";
import { flows } from "../support/flow_arbitrary.ts";
import { fullJob } from "../support/full_job_document.ts";
import { runMoving } from "../support/moving_run.ts";
import { type ClerkOrder, createDocumentFlow, documentRegistry } from "../support/document_flow.ts";
import { seededRandom } from "../support/seeded_random.ts";
import { NO_HOOKS, scriptedRegistry } from "../support/scripted_routines.ts";
import { quietStops } from "../support/job_stops.ts";
import * as fc from "fast-check";
import type { Registry } from "../../mod.ts";

/** What a host needs of its time. */
export type Sleep = (ms: number) => Promise<void>;

/** A flow with jobs of it in many states, all as text. */
export interface Family {
  readonly name: string;
  readonly flow: string;
  readonly jobs: readonly [string, ...string[]];
  /** What a host must know. */
  readonly registry: (sleep: Sleep) => Registry;
}

const SCRIPTED = Array.from({ length: 24 }, (_, index) => 501 + index);
/** Longer texts have more of the same. */
const MOST_CHARACTERS = 4_500;
const ORDERS: readonly [ClerkOrder["what"], ...ClerkOrder["what"][]] = [
  ...["nothing", "fail", "hang", "await", "await long", "send", "all", "walk"] as const,
];

/** Documents in which everything is that there can be. */
export const COMPLETE: readonly string[] = [fullJob(), handFlow, handJob].map((document) => JSON.stringify(document));

let families: Promise<readonly [Family, ...Family[]]> | undefined;

/** All families: hand-made, generated, and of every released version. */
export function allFamilies(): Promise<readonly [Family, ...Family[]]> {
  return families ??= makeFamilies();
}

async function makeFamilies(): Promise<readonly [Family, ...Family[]]> {
  const scripted = await Promise.all(SCRIPTED.map(scriptedFamily));
  return [await officeFamily(), relayFamily(), handFamily(), ...scripted.flat()];
}

/** Jobs of the office, caught at each commit, and the one in whose document everything is. */
async function officeFamily(): Promise<Family> {
  const texts = new Set([JSON.stringify(fullJob())]);
  for (let seed = 1; seed <= 12; seed++) {
    const random = seededRandom(seed);
    const { flow, clerk, timers } = createDocumentFlow({ limits: { history: 30 } });
    const job = flow.execute(clerk.input, { what: random.pick(ORDERS), n: random.integer(4) });
    const catchIt = () => texts.size < 80 && texts.add(JSON.stringify(job)) === undefined;
    void flow.waitUntil(job, catchIt);
    for (let i = 0; i < 6 && job.status === "running"; i++) {
      const what = random.pick(ORDERS);
      const slot = random.pick(["input", "steps", "lists", "sum", "kept"]);
      flow.deliver(job, "clerk", slot, { what, n: random.integer(3) });
      await timers.advance(random.integer(200));
    }
    texts.add(JSON.stringify(job));
    if (job.status === "running") await flow.pause(job, { graceMs: 0, reason: "to be mangled" });
    texts.add(JSON.stringify(job));
  }
  // Fewer are kept than the jobs have: whoever touches the lists of a job that does not fit will be seen.
  const flow = JSON.stringify(createDocumentFlow({ limits: { history: 5, log: 1, outputs: 1, steps: 500 } }).flow);
  return { name: "office", flow, jobs: nonEmpty(texts), registry: () => documentRegistry };
}

function relayFamily(): Family {
  const jobs = [leg1, leg3, leg5, leg8, leg10].map(({ job }) => JSON.stringify(job));
  return { name: "relay", flow: JSON.stringify(leg1.flow), jobs: nonEmpty(jobs), registry: createRegistry };
}

function handFamily(): Family {
  const jobs = [handJob, handEnd].map((job) => JSON.stringify(job));
  return { name: "the hand", flow: JSON.stringify(handFlow), jobs: nonEmpty(jobs), registry: completeRegistry };
}

/** Jobs of a generated flow, as hosts have passed them on: paused, caught while they ran, ended; none if none was stopped. */
async function scriptedFamily(seed: number): Promise<Family[]> {
  const mode = seededRandom(seed).pick(["strict", "strict", "timed", "concurrent"] as const);
  const [spec] = nonEmpty(fc.sample(flows(mode), { seed, numRuns: 1 }));
  const [stops] = nonEmpty(fc.sample(quietStops(), { seed, numRuns: 1 }));
  const { carried, end } = await runMoving(spec, { stops });
  const documents = carried.map(({ text }) => JSON.parse(text));
  const jobs = [...documents.map(({ job }) => JSON.stringify(job)), end].filter((text) =>
    text.length <= MOST_CHARACTERS
  );
  const [first] = documents;
  if (first === undefined || jobs.length === 0) return [];
  const registry = (sleep: Sleep) => scriptedRegistry({ ...NO_HOOKS, sleep });
  return [{ name: `flow ${seed}`, flow: JSON.stringify(first.flow), jobs: nonEmpty(jobs), registry }];
}

/** The items, of which there must be some. */
export function nonEmpty<T>(items: Iterable<T>): [T, ...T[]] {
  const [first, ...rest] = items;
  if (first === undefined) throw new Error("There are no documents");
  return [first, ...rest];
}
