import { assertEquals } from "@std/assert";
import { FencedError } from "../../src/base/errors.ts";
import type { AppendHead, DueQuery, Incarnation, JobClaim, JobFilter, NewCommand, Store } from "../../src/ports/mod.ts";
import { memoryStore } from "../../src/stores/memory_store.ts";
import { sampleJob } from "../../src/testing/store_contract/sample_jobs.ts";
import { type Random, seededRandom } from "./seeded_random.ts";

const IDS = ["a", "b", "c", "d", "e", "f"] as const;
const NAMES = ["x", "y", "z"] as const;
const QUEUES = ["slow", "fast"] as const;
const STATUSES = ["running", "paused"] as const;
const KEY_RETENTION_MS = 1e12;

/** A store, and what it has given: its numbers are its own, so calls name them by their order. */
class Side {
  readonly lives: unknown[] = [];
  readonly incarnations: unknown[] = [];
  readonly claims: JobClaim[] = [];
  readonly owners: Incarnation[] = [];
  store: Store;

  constructor(store: Store) {
    this.store = store;
  }

  /** The answer to a call, in a form that is equal for equal stores. */
  async answerTo(call: Call, now: number): Promise<unknown> {
    try {
      return this.#comparable(await call(this), now);
    } catch (error) {
      if (error instanceof FencedError) return "fenced";
      throw error;
    }
  }

  #comparable(value: unknown, now: number): unknown {
    if (Array.isArray(value)) return value.map((it) => this.#comparable(it, now));
    if (typeof value !== "object" || value === null) return value;
    if ("jobId" in value && "life" in value && "epoch" in value) this.#keepClaim(value);
    const parts = Object.entries(value).flatMap(([name, part]: [string, unknown]): [string, unknown][] => {
      // A store may forget a lease that has ended.
      if (part === undefined || (name === "heldUntil" && Number(part) <= now)) return [];
      if (name === "life") return [[name, indexOf(this.lives, part)]];
      if (name === "incarnation" || name === "formerIncarnation") return [[name, indexOf(this.incarnations, part)]];
      if (name !== "survived" || !Array.isArray(part)) return [[name, this.#comparable(part, now)]];
      return [[name, part.map((it) => indexOf(this.incarnations, it)).sort()]];
    });
    return Object.fromEntries(parts.sort());
  }

  #keepClaim({ jobId, life, epoch }: Readonly<Record<"jobId" | "life" | "epoch", unknown>>): void {
    this.claims.push({ jobId: String(jobId), life: Number(life), epoch: Number(epoch) });
  }
}

type Call = (side: Side) => unknown;

function indexOf(numbers: unknown[], number: unknown): number {
  const index = numbers.indexOf(number);
  return index < 0 ? numbers.push(number) - 1 : index;
}

/**
 * Makes random calls of a store and of a store in memory, and compares all answers. `reopen` runs between some of the calls, and
 * returns another handle or the same one.
 */
export async function compareWithMemory(
  store: Store,
  seed: number,
  calls: number,
  reopen: (store: Store) => Store | Promise<Store> = (it) => it,
): Promise<void> {
  const random = seededRandom(seed);
  const [reference, other] = [new Side(memoryStore()), new Side(store)];
  let now = 1_000;
  const compare = async (what: string, call: Call): Promise<void> => {
    const expected = await reference.answerTo(call, now);
    assertEquals(await other.answerTo(call, now), expected, `seed ${seed}, at ${now}: ${what}`);
  };
  for (let index = 0; index < calls; index++) {
    if (random.chance(0.5)) now += random.integer(200);
    const [what, call] = await randomCall(random, reference, now);
    await compare(`call ${index}, ${what}`, call);
    if (random.chance(0.05)) other.store = await reopen(other.store);
    if (random.chance(0.2)) {
      for (const [name, view] of viewsAt(random, now)) await compare(`${name} after call ${index}, ${what}`, view);
    }
  }
  await other.store.close();
}

function some<T>(random: Random, items: readonly T[], chance: number): T[] | undefined {
  return random.chance(chance) ? items.filter(() => random.chance(0.5)) : undefined;
}

function dueQuery(random: Random, now: number): DueQuery {
  const [exceptJobs, exceptFlows] = [some(random, IDS, 0.2), some(random, NAMES, 0.2)];
  return {
    now,
    flows: some(random, NAMES, 0.2),
    queues: some(random, QUEUES, 0.2),
    exceptJobs: exceptJobs && new Set(exceptJobs),
    exceptFlows: exceptFlows && new Set(exceptFlows.map((it) => `hash of ${it}`)),
  };
}

function jobFilter(random: Random, now: number): JobFilter {
  const any = <T>(value: T): T | undefined => random.chance(0.25) ? value : undefined;
  return {
    flowId: any(random.pick(NAMES)),
    status: any(random.pick(STATUSES)),
    queue: any(random.pick(QUEUES)),
    tags: any({ of: random.pick(NAMES) }),
    parentId: any(random.pick(IDS)),
    createdBefore: any(now - random.integer(2_000)),
    endedBefore: any(now - random.integer(500)),
  };
}

/** Calls that change nothing. */
function viewsAt(random: Random, now: number): [string, Call][] {
  const ownerAt = 1 + random.integer(5);
  const [query, filter, limit] = [dueQuery(random, now), jobFilter(random, now), 1 + random.integer(3)];
  const byId = <T extends { readonly jobId: string }>(jobs: readonly T[]): T[] =>
    jobs.toSorted((a, b) => a.jobId < b.jobId ? -1 : 1);
  return [
    ...IDS.map((jobId): [string, Call] => [`load of ${jobId}`, ({ store }) => store.load(jobId)]),
    ...IDS.map((jobId): [string, Call] => [`inbox of ${jobId}`, async ({ store }) => {
      const record = await store.find(jobId);
      return record && await store.inbox(record, record.consumed, now);
    }]),
    ["held", ({ store, owners }) => Promise.all(owners.slice(-5).map(async (it) => byId(await store.held(it))))],
    [
      "commands",
      ({ store, owners }) =>
        Promise.all(owners.slice(-5).map(async (it) => byId((await store.commands(it, now)).jobs))),
    ],
    ["count", ({ store }) => store.count(filter)],
    ["list", async ({ store }) => {
      const page = await store.list({ ...filter, limit });
      const next = page.cursor === undefined ? undefined : await store.list({ ...filter, limit, cursor: page.cursor });
      return [page.jobs, next?.jobs, next?.cursor === undefined];
    }],
    ["nextDueAt", async ({ store }) => Math.max(await store.nextDueAt(query) ?? -1, now)],
    ["nextDueAt but for an incarnation", async ({ store, owners }) => {
      const at = await store.nextDueAt({ ...query, exceptIncarnation: owners.at(-ownerAt)?.incarnation });
      return Math.max(at ?? -1, now);
    }],
    ["nextDueAt of all", async ({ store }) => (await store.nextDueAt({ now }) ?? Infinity) <= now],
  ];
}

/** A call that may change something; the store in memory says what makes sense. */
async function randomCall(random: Random, { store, claims, owners }: Side, now: number): Promise<[string, Call]> {
  const jobId = random.pick(IDS);
  const record = await store.find(jobId);
  const claimAt = claims.length - 1 - random.integer(random.chance(0.7) ? 3 : 30);
  const ownerAt = owners.length - 1 - random.integer(random.chance(0.7) ? 2 : 6);
  const [hasClaim, hasOwner] = [claimAt >= 0, ownerAt >= 0];
  switch (random.integer(12)) {
    case 0: {
      const [flowId, parentId] = [random.pick(NAMES), random.chance(0.3) ? random.pick(IDS) : undefined];
      const job = sampleJob(jobId, {
        ...{ createdAt: now, flowId, flowHash: `hash of ${flowId}`, queue: random.pick(QUEUES), parentId },
        ...{ priority: random.integer(3) - 1, tags: random.chance(0.5) ? { of: random.pick(NAMES) } : {} },
        ...{ dueAt: random.chance(0.7) ? now + random.integer(600) : undefined, token: `token ${random.integer(20)}` },
      });
      const isClaimed = hasOwner && random.chance(0.4);
      return [
        `create ${jobId}`,
        (side) => side.store.create([{ ...job, claim: isClaimed ? side.owners[ownerAt] : undefined }]),
      ];
    }
    case 1: {
      const again = hasOwner && random.chance(0.3);
      const query = { leaseMs: 500 + random.integer(3_000), now, token: `token ${random.integer(30)}` };
      const [owner, takesOver] = [random.pick(NAMES), random.chance(0.2)];
      return [`enter as ${owner}`, async (side) => {
        const former = again ? side.owners[ownerAt] : undefined;
        const more = { owner: former?.owner ?? owner, takesOver, again: former?.incarnation };
        const answer = await side.store.enter({ ...query, ...more });
        if (answer.incarnation !== undefined) side.owners.push({ owner: more.owner, incarnation: answer.incarnation });
        return answer;
      }];
    }
    case 2: {
      if (random.chance(0.3)) return withOwner("leave", ownerAt, (it, owner) => it.leave(owner));
      const leaseMs = 500 + random.integer(3_000);
      return withOwner("renew", ownerAt, (it, owner) => it.renew(owner, leaseMs, now));
    }
    case 3:
      if (random.chance(0.7)) return ["find", ({ store }) => store.find(jobId)];
      return [`delete a life of ${jobId}`, ({ store, claims }) => hasClaim && store.delete(claims[claimAt] ?? NOBODY)];
    case 4: {
      const query = { ...dueQuery(random, now), limit: 1 + random.integer(3) };
      return withOwner("take", ownerAt, (it, owner) => it.take({ ...query, ...owner }));
    }
    case 5: {
      const epoch = (record?.epoch ?? 0) - (random.chance(0.1) ? 1 : 0);
      const isFormer = hasClaim && random.chance(0.2);
      return [`claim ${jobId}`, async (side) => {
        const owner = side.owners[ownerAt];
        const claim = isFormer ? side.claims[claimAt] : await side.store.find(jobId);
        const { life } = claim ?? NOBODY;
        return owner &&
          await side.store.claim({ ...owner, now, jobs: [{ jobId: claim?.jobId ?? jobId, life, epoch }] });
      }];
    }
    case 6: {
      const text = `text ${random.integer(2)}`;
      const command: NewCommand = {
        ...{ key: `key ${random.integer(12)}`, text, reopens: random.chance(0.3), now },
        ...{ keyRetentionMs: KEY_RETENTION_MS, room: 3 },
      };
      return [`send to ${jobId}`, ({ store }) => store.send({ jobId }, command)];
    }
    case 7: {
      const query = { endedBefore: now - random.integer(300), limit: IDS.length };
      return ["purge", ({ store }) => store.purge(query)];
    }
    default: {
      const claim = claims[claimAt];
      const present = claim && await store.find(claim.jobId);
      if (present === undefined) return ["find", ({ store }) => store.find(jobId)];
      const { revision, sent, consumed } = present;
      const at = revision - (random.chance(0.1) ? 1 : 0);
      if (random.chance(0.15)) {
        return [
          `compact ${present.jobId}`,
          (it) => it.store.compact(it.claims[claimAt] ?? NOBODY, at, `at ${at} of ${now}`),
        ];
      }
      if (random.chance(0.15)) {
        const [flowHash, text] = [`hash of ${random.pick(NAMES)}`, `${at} of ${now}`];
        const replaced = { flowHash, flow: `flow ${text}`, snapshot: `snapshot ${text}` };
        return [
          `replace the flow of ${present.jobId}`,
          (it) => it.store.replaceFlow?.(it.claims[claimAt] ?? NOBODY, at, replaced),
        ];
      }
      const isEnd = random.chance(0.2);
      const head: AppendHead = {
        ...{ status: random.pick(STATUSES), dueAt: random.chance(0.6) ? now + random.integer(600) : undefined },
        ...{ endedAt: isEnd ? now : undefined, consumed: consumed + random.integer(sent - consumed + 1), at: now },
        ...{ releases: random.chance(0.5) },
      };
      const entries = Array.from({ length: random.integer(3) }, (_, index) => `${revision + index + 1} at ${now}`);
      const hasHead = entries.length === 0 || random.chance(0.5);
      return [
        `append to ${present.jobId}`,
        (it) => it.store.append(it.claims[claimAt] ?? NOBODY, at, entries, hasHead ? head : undefined),
      ];
    }
  }
}

const NOBODY: JobClaim = { jobId: "nobody", life: -1, epoch: 0 };

function withOwner(name: string, ownerAt: number, call: (store: Store, owner: Incarnation) => unknown): [string, Call] {
  return [name, ({ store, owners }) => {
    const owner = owners[ownerAt];
    return owner && call(store, owner);
  }];
}
