import type { Incarnation, Store } from "../../ports/store.ts";
import { type Case, withStore } from "./case.ts";
import { check, checkSame, existing } from "./checks.ts";
import { claimOf, createJob, enter, HEAD, idsOf, LATER, sampleEntries, send, take } from "./sample_jobs.ts";

const MINUTE = 60_000;

/** By how much the clocks of callers differ from the store's: one is ahead, one behind. */
const DIFFERENCES = [10 * MINUTE, -10 * MINUTE];

/** An owner, and the time by the store when it entered. */
async function enterAt(
  store: Store,
  owner: string,
  leaseMs: number = 60 * MINUTE,
): Promise<{ readonly engine: Incarnation; readonly now: number }> {
  const query = { owner, leaseMs, now: 0, token: `token of ${owner}`, takesOver: false };
  const { now, incarnation } = await store.enter(query);
  return { engine: { owner, incarnation: existing(incarnation, "the incarnation") }, now };
}

/** Checks that an answer is an instant, or a little before it: the store's clock goes on between two calls, which the caller's does not. */
function checkAbout(at: number | undefined, expected: number, what: string): void {
  const isAbout = at !== undefined && at <= expected + 1 && at > expected - MINUTE / 2;
  check(isAbout, `${what} must be ${expected}, or less by the time since, got ${at}`);
}

/** What a store with a clock of its own makes of callers whose clocks differ from it. */
export const clockCases: readonly Case[] = [
  withStore("time is that of all answers, whatever the clocks of callers show", async (store) => {
    const timeOf = async () => existing(await store.time?.(), "the time by the store's clock");
    const { engine, now: first } = await enterAt(store, "engine");
    let last = await timeOf();
    check(last >= first - 1, `time must go on from ${first}, got ${last}`);
    const { life } = await createJob(store, "job", 0);
    const answers = [
      await store.renew(engine, MINUTE, 0),
      await store.take({ ...engine, now: LATER * 1e4, limit: 1 }),
      await store.claim({ ...engine, now: 0, jobs: [] }),
      await store.inbox({ jobId: "job", life }, 0, LATER * 1e4),
      await store.commands(engine, 0),
    ];
    for (const { now } of answers) {
      check(now >= last - 1 && now < last + MINUTE, `the time of an answer must be about ${last}, got ${now}`);
      last = now;
    }
    check(await timeOf() >= last - 1, `time must go on from ${last}`);
  }),
  withStore(
    "a job that is created as due at once is so by the store's clock, whatever that of its creator shows",
    async (store) => {
      const { engine, now } = await enterAt(store, "engine");
      for (const by of DIFFERENCES) {
        const jobId = `created by a clock that differs by ${by}`;
        await createJob(store, jobId, 0, { createdAt: now + by, dueAt: now + by });
        checkSame(idsOf(await take(store, engine, { now })), [jobId], "the jobs that are due");
      }
      await createJob(store, "later", 0, { createdAt: now, dueAt: now + MINUTE });
      checkSame(
        idsOf(await take(store, engine, { now: now + 2 * MINUTE })),
        [],
        "the jobs that are due before their time",
      );
    },
  ),
  withStore(
    "a job that is let go as due at once is so by the store's clock, whatever that of its owner shows",
    async (store) => {
      const { engine, now } = await enterAt(store, "engine");
      const { engine: other } = await enterAt(store, "other");
      for (const by of DIFFERENCES) {
        const jobId = `let go by a clock that differs by ${by}`;
        await createJob(store, jobId, 0, { createdAt: now + by, dueAt: now + by });
        const [taken] = await take(store, engine, { now: now + by });
        const claim = claimOf(existing(taken, "the job that is due"));
        const at = now + by + 1;
        await store.append(claim, 0, sampleEntries(0, 1), { ...HEAD, dueAt: at, at, releases: true });
        checkSame(idsOf(await take(store, other, { now })), [jobId], "the jobs that are due");
      }
      const [, last] = await store.held(other);
      const { life } = existing(await store.find(existing(last, "the last job").jobId), "its record");
      const head = { ...HEAD, dueAt: now + MINUTE, at: now, releases: true };
      await store.append({ ...existing(last, "the last job"), life }, 1, [], head);
      checkSame(
        idsOf(await take(store, engine, { now: now + 2 * MINUTE })),
        [],
        "the jobs that are due before their time",
      );
    },
  ),
  withStore(
    "a job that was sent a command is due at once, whatever the clocks of its creator and of the sender show",
    async (store) => {
      const { engine, now } = await enterAt(store, "engine");
      for (const by of DIFFERENCES) {
        const jobId = `made by a clock that differs by ${by}`;
        await createJob(store, jobId, 0, { createdAt: now + by });
        await send(store, { jobId }, "command", "key", { now: now + by });
        const at = await store.nextDueAt({ now });
        check(at !== undefined && at <= now, `nextDueAt must be at most ${now}, got ${at}`);
        checkSame(idsOf(await take(store, engine, { now })), [jobId], "the jobs that are due");
      }
    },
  ),
  withStore("a lease ends by the store's clock, not by those of its owner and of the others", async (store) => {
    const { engine, now } = await enterAt(store, "engine", MINUTE);
    const other = await enter(store, "other", { now: now + 10 * MINUTE, leaseMs: MINUTE });
    await createJob(store, "job", 0, { createdAt: now, dueAt: now });
    checkSame(idsOf(await take(store, engine, { now: now - 10 * MINUTE })), ["job"], "the jobs that are due");
    for (const by of DIFFERENCES) {
      checkSame(idsOf(await take(store, other, { now: now + by })), [], "the jobs of the other engine that are due");
      const { isHeld } = await store.renew(engine, MINUTE, now + by);
      check(isHeld, "the lease of an engine must be renewed, whatever its clock shows");
    }
  }),
  withStore("nextDueAt, and when more permits are free, are answered by the clock of the caller", async (store) => {
    const { engine, now } = await enterAt(store, "engine");
    await createJob(store, "job", 0, { createdAt: now, dueAt: now + 5 * MINUTE });
    let call = 0;
    const limits = { rate: { count: 1, perMs: 5 * MINUTE } };
    for (const by of DIFFERENCES) {
      checkAbout(await store.nextDueAt({ now: now + by }), now + by + 5 * MINUTE, "nextDueAt");
      const started = call === 0 ? 0 : 1;
      const query = { ...engine, now: now + by, queue: "queue", call: ++call, kept: 0, started, wanted: 2, limits };
      const answer = await store.permit?.(query);
      if (answer !== undefined) checkAbout(answer.freeAt, now + by + 5 * MINUTE, "when more permits are free");
    }
  }),
];
