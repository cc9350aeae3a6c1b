import type { Incarnation, PermitAnswer, PermitQuery, QueueLimits, Store, StoreEvent } from "../../ports/store.ts";
import type { Case, Scope } from "./case.ts";
import { check, checkSame } from "./checks.ts";
import { AT_END, BEFORE_END, isRenewed } from "./owner_cases.ts";
import { createJob, enter, idsOf, LATER, LEASE_MS, NOW, sendNew, take } from "./sample_jobs.ts";

/** An engine that asks for permits of a queue. */
class Asker {
  readonly #store: Store;
  readonly #queue: string;
  readonly #limits: QueueLimits;
  readonly owner: Incarnation;
  #call = 0;

  constructor(store: Store, owner: Incarnation, limits: QueueLimits, queue = "queue") {
    this.#store = store;
    this.owner = owner;
    this.#limits = limits;
    this.#queue = queue;
  }

  /** Asks for permits, by default for one more than it keeps, and none was used before. */
  async ask(more: Partial<PermitQuery>): Promise<PermitAnswer> {
    const query = { now: NOW, queue: this.#queue, kept: 0, started: 0, wanted: 1, limits: this.#limits, ...this.owner };
    const answer = await this.#store.permit?.({ ...query, call: ++this.#call, ...more });
    check(answer !== undefined, "a store that has permit must have it each time that it is opened");
    return answer;
  }

  /** Says how many it is given, and when it may be given more. */
  async given(more: Partial<PermitQuery> = {}): Promise<readonly [granted: number, freeAt: number | undefined]> {
    const { granted, freeAt } = await this.ask(more);
    return [granted, freeAt];
  }
}

/** Makes a case for stores that have `permit`. */
function permitting(name: string, run: (stores: readonly [Store, Store], scope: Scope) => Promise<void>): Case {
  return {
    name: `permit, if the store has it, ${name}`,
    async run(scope) {
      const stores = await scope.openTwo();
      if (stores[0].permit !== undefined) await run(stores, scope);
    },
  };
}

/** Queues with limits over all workers. */
export const permitCases: readonly Case[] = [
  permitting("gives engines no more permits of a queue together than its limit", async ([one, other]) => {
    const [first, second] = [await enter(one, "first"), await enter(other, "second", { leaseMs: LATER })];
    for (const queue of ["queue", "", "Queue", "\0\ud800\ufeff", "x".repeat(1_024)]) {
      const a = new Asker(one, first, { globalConcurrency: 4 }, queue);
      const b = new Asker(other, second, { globalConcurrency: 4 }, queue);
      checkSame(await a.given({ wanted: 3 }), [3, undefined], "what the first is given");
      checkSame(await b.given({ wanted: 3 }), [1, AT_END], "what the second is given");
      checkSame(await b.given({ kept: 1, wanted: 1 }), [0, AT_END], "what it is given when there is nothing left");
      checkSame(await a.given({ kept: 1, wanted: 0 }), [0, undefined], "what the first is given as it gives two back");
      checkSame(await b.given({ kept: 1, wanted: 5 }), [2, AT_END], "what the second is given then");
      checkSame(
        await b.given({ kept: 6, wanted: 2 }),
        [0, AT_END],
        "what is given to one that has more than the limit",
      );
      checkSame(await a.given({ kept: 0, wanted: 2 }), [0, NOW + LATER], "what is left for the first");
    }
  }),
  permitting("gives no more than the limit to engines that ask at the same time", async (stores) => {
    const askers: Asker[] = [];
    for (let index = 0; index < 12; index++) {
      const store = stores[index % 2 === 0 ? 0 : 1];
      const limits = { globalConcurrency: 5, rate: { count: 8, perMs: 100 } };
      askers.push(new Asker(store, await enter(store, `engine-${index}`), limits));
    }
    const given = await Promise.all(askers.map(async (asker) => ({ asker, answer: await asker.ask({ wanted: 2 }) })));
    const total = (answers: readonly PermitAnswer[]) => answers.reduce((sum, { granted }) => sum + granted, 0);
    checkSame(total(given.map(({ answer }) => answer)), 5, "how many are given");
    const back = await Promise.all(given.map(({ asker, answer }) => asker.ask({ started: answer.granted, wanted: 0 })));
    checkSame(total(back), 0, "how many are given to those that want none");
    checkSame(total(await Promise.all(askers.map((it) => it.ask({ wanted: 2 })))), 3, "how many the rate leaves then");
  }),
  permitting(
    "frees the permits of an engine when its lease has ended, for good, or it has left",
    async ([one, other]) => {
      const limits = { globalConcurrency: 2 };
      const taker = new Asker(other, await enter(other, "taker", { leaseMs: LATER }), limits);
      const dead = new Asker(one, await enter(one, "dead"), limits);
      checkSame(await dead.given({ wanted: 2 }), [2, undefined], "what the first is given");
      checkSame(await taker.given({ now: BEFORE_END }), [0, AT_END], "what is left before the end of its lease");
      checkSame(await taker.given({ now: AT_END, wanted: 3 }), [2, undefined], "what is left at the end of its lease");
      checkSame(await isRenewed(one, dead.owner, BEFORE_END), false, "a renewal by a clock that is behind");
      checkSame(await dead.given({ now: BEFORE_END, wanted: 2 }), [0, undefined], "what is given without a lease");
      const leaving = new Asker(one, await enter(one, "leaving", { leaseMs: LATER }), limits);
      checkSame(await taker.given({ kept: 0, wanted: 0 }), [0, undefined], "what is given as all is given back");
      checkSame(await leaving.given({ wanted: 2 }), [2, undefined], "what the last is given");
      await one.leave(leaving.owner);
      checkSame(await taker.given({ wanted: 2 }), [2, undefined], "what is left when it has gone");
      checkSame(await leaving.given({ wanted: 1, limits: {} }), [0, undefined], "what it is given then");
    },
  ),
  permitting("lets no more jobs be taken within a span than the rate", async ([one, other]) => {
    const limits = { rate: { count: 3, perMs: 100 } };
    const a = new Asker(one, await enter(one, "a"), limits);
    const b = new Asker(other, await enter(other, "b"), limits);
    checkSame(await a.given({ wanted: 5 }), [3, NOW + 100], "what the first is given");
    checkSame((await b.given({ now: NOW + 10 }))[0], 0, "what is left as long as these may be used");
    checkSame(
      await a.given({ now: NOW + 20, kept: 2, started: 2, wanted: 0 }),
      [0, undefined],
      "the end of the first call",
    );
    checkSame(
      await b.given({ now: NOW + 30, wanted: 2 }),
      [1, NOW + 120],
      "what the second is given of what was not used",
    );
    checkSame(await b.given({ now: NOW + 50, kept: 1, started: 1 }), [0, NOW + 120], "what is left when it was used");
    checkSame(
      await a.given({ now: NOW + 119.5, kept: 2 }),
      [0, NOW + 120],
      "what is left just before the span is over",
    );
    checkSame(
      await a.given({ now: NOW + 120, wanted: 5 }),
      [2, NOW + 150],
      "what is left as the first starts are over",
    );
    checkSame(
      await a.given({ now: NOW + 121, started: 0, wanted: 0 }),
      [0, undefined],
      "the end of a call without starts",
    );
    checkSame(await b.given({ now: NOW + 149, wanted: 3 }), [2, NOW + 150], "what is left as nothing was started");
  }),
  permitting("counts the starts of an engine that has died, as late as they may have been", async ([one, other]) => {
    const limits = { globalConcurrency: 9, rate: { count: 2, perMs: 3 * LEASE_MS } };
    const dead = new Asker(one, await enter(one, "dead"), limits);
    const taker = new Asker(other, await enter(other, "taker", { leaseMs: LATER }), limits);
    checkSame(await dead.given({ wanted: 2 }), [2, undefined], "what the first is given");
    const [granted, freeAt = 0] = await taker.given({ now: AT_END + 5 });
    checkSame(granted, 0, "what is left when it has died");
    const earliest = AT_END + 3 * LEASE_MS;
    check(
      freeAt >= earliest && freeAt <= earliest + 5,
      `more must be free at ${earliest} or just after it, got ${freeAt}`,
    );
    checkSame(await taker.given({ now: earliest - 1 }), [0, freeAt], "what is left a span after it was given");
    checkSame(
      await taker.given({ now: freeAt, wanted: 3 }),
      [2, freeAt + 3 * LEASE_MS],
      "what is left a span after its end",
    );
  }),
  permitting(
    "lets a call that is repeated change nothing more, and one that arrives late nothing at all",
    async ([one, other]) => {
      const limits = { globalConcurrency: 4, rate: { count: 6, perMs: 100 } };
      const a = new Asker(one, await enter(one, "a"), limits);
      const b = new Asker(other, await enter(other, "b"), limits);
      checkSame(await a.given({ call: 5, kept: 1, wanted: 2 }), [2, undefined], "what is given");
      checkSame((await a.given({ call: 5, kept: 1, wanted: 2 }))[0], 2, "what is given when the call is repeated");
      checkSame(await b.given({ call: 1, wanted: 3 }), [1, AT_END], "what is left");
      checkSame(await a.given({ call: 9, kept: 1, started: 0, wanted: 0 }), [0, undefined], "the next call");
      checkSame((await a.given({ call: 6, kept: 0, wanted: 9 }))[0], 0, "what is given to a call that is late");
      checkSame(await b.given({ call: 2, kept: 1, started: 1, wanted: 9 }), [2, AT_END], "what is left then");
    },
  ),
  permitting(
    "lets jobs with commands be taken by a call that was refused, but by none before the last",
    async ([store, other]) => {
      const limits = { globalConcurrency: 1 };
      const holder = new Asker(other, await enter(other, "holder"), limits);
      const asker = new Asker(store, await enter(store, "asker"), limits);
      checkSame((await holder.given())[0], 1, "what the holder is given");
      for (const jobId of ["a", "b", "c"]) await createJob(store, jobId, 0, { dueAt: 1, queue: "queue" });
      await sendNew(store, "a", "text");
      await sendNew(store, "b", "text");
      const takeBy = async (call: number) =>
        idsOf(await take(store, asker.owner, { limit: 1, unread: true, permit: { queue: "queue", call } }));
      checkSame(
        [(await asker.given())[0], (await asker.given())[0]],
        [0, 0],
        "what is given twice to one that is refused",
      );
      checkSame(await takeBy(2), ["a"], "what is taken by the second call");
      checkSame((await asker.given({ kept: 1, wanted: 0 }))[0], 0, "what is given by a call that wants nothing");
      checkSame(await takeBy(2), [], "what is taken by the second call after the third");
      checkSame(await takeBy(3), ["b"], "what is taken by the third");
      checkSame(await takeBy(3), [], "what is taken of those without commands");
    },
  ),
  permitting("lets jobs be taken only by the last call of an engine for the queue", async ([store, other]) => {
    const asker = new Asker(store, await enter(store, "engine"), { globalConcurrency: 5 });
    const { owner } = asker;
    for (let index = 0; index < 4; index++) await createJob(store, `job-${index}`, 0, { dueAt: index, queue: "queue" });
    const takeBy = async (call: number, queue = "queue") =>
      idsOf(await take(other, owner, { limit: 1, queues: ["queue"], permit: { queue, call } }));
    checkSame(await takeBy(1), [], "what is taken before a permit was given");
    await asker.ask({ wanted: 2 });
    checkSame([await takeBy(1), await takeBy(2)], [["job-0"], []], "what is taken by the first call, and by another");
    await asker.ask({ kept: 1, started: 1, wanted: 2 });
    checkSame([await takeBy(1), await takeBy(2)], [[], ["job-1"]], "what is taken by the first call, and by the next");
    checkSame(await takeBy(2, "Queue"), [], "what is taken by a permit for another queue");
    checkSame(idsOf(await take(store, owner, { limit: 1 })), ["job-2"], "what is taken without a permit");
    const stranger = await enter(store, "stranger");
    checkSame(await take(store, stranger, { permit: { queue: "queue", call: 2 } }), [], "what a stranger takes by it");
  }),
  permitting("lets each engine keep to limits of its own, where they state others", async ([one, other]) => {
    const small = new Asker(one, await enter(one, "small"), { globalConcurrency: 2, rate: { count: 2, perMs: 1_000 } });
    const large = new Asker(other, await enter(other, "large"), {
      globalConcurrency: 9,
      rate: { count: 5, perMs: 100 },
    });
    const free = new Asker(other, await enter(other, "free"), {});
    checkSame((await large.given({ wanted: 3 }))[0], 3, "what the one with the larger limits is given");
    checkSame((await small.given())[0], 0, "what the other one is given");
    checkSame(await free.given({ wanted: 100 }), [100, undefined], "what one without limits is given");
    checkSame(await free.given({ started: 4, wanted: 0 }), [0, undefined], "what it has started");
    checkSame(await large.given({ started: 3, wanted: 0 }), [0, undefined], "what the larger one has started");
    checkSame((await large.given({ wanted: 9 }))[0], 0, "what the larger one is given within its span");
    checkSame((await small.given({ now: NOW + 500 }))[0], 0, "what the smaller one is given within its longer span");
    checkSame((await large.given({ now: NOW + 500, wanted: 9 }))[0], 5, "what the larger one is given after its span");
    checkSame((await small.given({ now: NOW + 999 }))[0], 0, "what the smaller one is given just before its end");
  }),
  permitting("keeps a high rate, and what it keeps for it stays small", async ([store]) => {
    const count = 1_000;
    const asker = new Asker(store, await enter(store, "engine", { leaseMs: LATER }), {
      rate: { count, perMs: 10_000 },
    });
    const taken: [at: number, count: number][] = [];
    let started = 0;
    for (let at = NOW; at < NOW + 25_000; at += 370) {
      const { granted } = await asker.ask({ now: at, started, wanted: 90 });
      if (started > 0) taken.push([at, started]);
      started = granted;
      const within = taken.reduce((sum, [other, count]) => other > at - 10_000 ? sum + count : sum, granted);
      check(within <= count, `at most ${count} may be taken within 10 s, got ${within}`);
    }
    const total = taken.reduce((sum, [, count]) => sum + count, 0);
    check(total > 2.8 * count, `the rate must be used: in 25 s ${3 * count} can be taken, got ${total}`);
  }),
  permitting("remembers what was taken when the store is opened again", async ([store], scope) => {
    const limits = { globalConcurrency: 3, rate: { count: 2, perMs: 5_000 } };
    const first = new Asker(store, await enter(store, "first", { leaseMs: LATER }), limits);
    checkSame(await first.given({ wanted: 9 }), [2, NOW + 5_000], "what is given");
    checkSame(await first.given({ kept: 2, started: 2, wanted: 0 }), [0, undefined], "the end of the call");
    const again = await scope.reopen();
    const second = new Asker(again, await enter(again, "second", { leaseMs: LATER }), limits);
    checkSame(await second.given({ now: NOW + 1_000 }), [0, NOW + 5_000], "what the rate leaves");
    const unlimited = new Asker(again, second.owner, { globalConcurrency: 3 });
    const { granted } = await unlimited.ask({ call: 9, wanted: 3 });
    check(granted === 1 || (granted === 3 && !scope.keepsLeases), `the limit must leave 1, got ${granted}`);
  }),
  permitting("tells those who watch when permits are free that were refused before", async ([store]) => {
    const { watch } = store;
    if (watch === undefined) return;
    const limits = { globalConcurrency: 2 };
    const a = new Asker(store, await enter(store, "a"), limits);
    const b = new Asker(store, await enter(store, "b"), limits);
    checkSame(await a.given({ wanted: 2 }), [2, undefined], "what the first is given");
    checkSame((await b.given())[0], 0, "what the second is given");
    const told: StoreEvent[] = [];
    const later = new Promise<void>((resolve) =>
      watch.call(store, (event) => {
        told.push(event);
        if (event.type === "due" && event.at === NOW + 500) resolve();
      })
    );
    checkSame(await a.given({ kept: 1, wanted: 0 }), [0, undefined], "what is given to the first as it gives one back");
    await createJob(store, "job", 0, { dueAt: NOW + 500 });
    await later;
    const isTold = told.some((event) => event.type === "gap" || (event.type === "due" && event.at <= NOW));
    check(isTold, `watch must tell that something is due when a permit is free, got ${JSON.stringify(told)}`);
    checkSame((await b.given())[0], 1, "what the second is given then");
  }),
];
