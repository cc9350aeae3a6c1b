import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { test } from "node:test";
import { findFirstTasks } from "../../src/engine/durable/first_tasks.ts";
import { apply } from "../../src/job/apply.ts";
import type { Job } from "../../src/job/job.ts";
import { createTask, NO_DETAILS, type TaskDetails } from "../../src/job/task.ts";
import type { FirstAttempt } from "../../src/documents/claim.ts";
import type { Store } from "../../src/ports/mod.ts";
import { memoryStore } from "../../src/stores/memory_store.ts";
import type { Context } from "../../mod.ts";
import { manualTimers } from "../../src/testing/mod.ts";
import { createLatch } from "../support/latch.ts";
import { StoredFlowProcess } from "../support/stored_flow_process.ts";
import { createJob } from "../support/sample_journal.ts";

/** A job with a task for each of the details. */
function jobOf(details: readonly (Partial<TaskDetails> | undefined)[]): Job {
  const job = createJob();
  const route = { routine: "worker", slot: "input", connection: undefined };
  details.forEach((some, index) => {
    const full = some === undefined ? undefined : { ...NO_DETAILS, ...some };
    const task = createTask(index + 1, route, undefined, { at: 0 }, full);
    apply(job, { kind: "deliver", time: { at: 0, ranMs: 0 }, task, data: undefined, key: undefined });
  });
  return job;
}

/**
 * What is found first when a process has died, the one with the number 9, or those given have: how often each has been found like this,
 * and which are given up.
 */
function found(job: Job, tried: readonly FirstAttempt[], { workers = 1, most = 3, survived = [] as number[] } = {}) {
  const hasDied = (incarnation: number) => !survived.includes(incarnation);
  const { attempts, poisoned } = findFirstTasks(job, workers, 0, { tried, owner: 9 }, { hasDied, maxRecoveries: most });
  return {
    tried: attempts.map(({ task, recoveries }) => [task, recoveries]),
    poisoned: poisoned.map(({ task }) => task.id),
  };
}

/** A task that so many processes have died with. */
const was = (task: number, recoveries: number, attempt = 0, step = 0): FirstAttempt => ({
  task,
  attempt,
  step,
  recoveries,
  died: Array.from({ length: recoveries }, (_, index) => index + 1),
  survived: [],
});

test("what was found before still counts, but no more, when an engine goes on that had only lost its lease", () => {
  assertEquals(found(jobOf([undefined]), [], { survived: [9] }), { tried: [[1, 0]], poisoned: [] });
  assertEquals(found(jobOf([undefined]), [was(1, 2)], { survived: [9] }), { tried: [[1, 2]], poisoned: [] });
});

test("a process that was thought to be dead, and says later that it was not, does not count any more", () => {
  assertEquals(found(jobOf([undefined]), [was(1, 2)], { survived: [1] }), { tried: [[1, 2]], poisoned: [] });
  assertEquals(found(jobOf([undefined]), [was(1, 2)], { survived: [1, 2, 9] }), { tried: [[1, 0]], poisoned: [] });
});

test("C498 engines that have lost a job and live on count four times less than those that have died", () => {
  const job = jobOf([undefined]);
  const lost = (died: readonly number[], survived: readonly number[]) => [{ ...was(1, died.length), died, survived }];
  const many = [...Array(12).keys()].map((it) => it + 20);
  assertEquals(found(job, lost([], many.slice(0, 10)), { survived: many }).tried, [[1, 1]]);
  assertEquals(found(job, lost([], many.slice(0, 11)), { survived: many }), { tried: [], poisoned: [1] });
  assertEquals(found(job, lost([1], many.slice(0, 10)), { survived: many }), { tried: [], poisoned: [1] });
  assertEquals(found(jobOf([{ step: 1 }]), lost([], many), { survived: many }).tried, [[1, 1]], "it got further");
});

function untilStopped({ signal }: Context): Promise<void> {
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve()));
}

/** Three engines on one store, of which each is held up while its handler runs, until another one has taken the job over. */
async function passOn(work: (n: number, ctx: Context) => Promise<void>, times: number) {
  const store = memoryStore();
  const durability = { maxRecoveries: 2 };
  const crew = [1, 2, 3].map(() => new StoredFlowProcess({ store, work, durability }));
  crew[0]?.start([1]);
  await crew[0]?.settle();
  let losses = 0;
  for (; losses < times && (await store.find("job"))?.endedAt === undefined; losses++) {
    const [last, next] = [crew[losses % 3], crew[(losses + 1) % 3]];
    for (const process of crew) if (process !== last) await process.timers.advance(40_000);
    await next?.engine.recover();
    await next?.settle();
    // Only now the one before gets its turn, and learns that it has lost its lease.
    await last?.timers.advance(40_000);
  }
  return { crew, losses, read: () => new StoredFlowProcess({ store }).engine.open("job") };
}

test("C498 a handler that holds up each engine for longer than its lease is told of, and fails in the end", async () => {
  const { crew, losses, read } = await passOn((_n, ctx) => untilStopped(ctx), 100);
  const { job } = await read();
  assertEquals([job.status, job.error?.name, losses], ["failed", "PoisonError", 8]);
  assertStringIncludes(job.error?.message ?? "", "8 engines in a row have lost their lease with the task where it was");
  assertStringIncludes(job.error?.message ?? "", "durability.leaseMs");
  const told = crew.flatMap((it) => it.told("stalled")).map(({ jobId, task, losses }) => [jobId, task, losses]);
  assertEquals(told.toSorted(), [2, 3, 4, 5, 6, 7].map((count) => ["job", 2, count]));
});

test("C498 a task that gets further each time goes on, however many engines lose their lease with it", async () => {
  let begun = 0;
  const { crew, losses, read } = await passOn(async (_n, ctx) => {
    begun++;
    await ctx.checkpoint(begun);
    await untilStopped(ctx);
  }, 20);
  const { job } = await read();
  assertEquals([job.status, losses, begun], ["running", 20, 21]);
  assertEquals(crew.flatMap((it) => it.told("stalled")), []);
});

test("whoever stands first when a process has died is found once more, up to a limit", () => {
  const job = jobOf([undefined]);
  assertEquals(found(job, []), { tried: [[1, 1]], poisoned: [] });
  assertEquals(found(job, [was(1, 1)]), { tried: [[1, 2]], poisoned: [] });
  assertEquals(found(job, [was(1, 2)]), { tried: [], poisoned: [1] });
  assertEquals(found(job, [], { most: 1 }), { tried: [], poisoned: [1] });
});

test("a task that has got further is found for the first time", () => {
  assertEquals(found(jobOf([{ step: 2 }]), [was(1, 2, 0, 1)]), { tried: [[1, 1]], poisoned: [] });
  assertEquals(found(jobOf([{ attempt: 1 }]), [was(1, 2)]), { tried: [[1, 1]], poisoned: [] });
  assertEquals(found(jobOf([{ attempt: 1, step: 1 }]), [was(1, 2, 1, 1)]), { tried: [], poisoned: [1] });
  assertEquals(found(jobOf([undefined]), [was(2, 2)]), { tried: [[1, 1]], poisoned: [] });
});

test("as many are looked at as run at once, but no more than are worth writing down", () => {
  const job = jobOf(Array(100).fill(undefined));
  assertEquals(found(job, [was(2, 2)], { workers: 3 }), { tried: [[1, 1], [3, 1]], poisoned: [2] });
  assertEquals(found(job, [], { workers: 1_000_000 }).tried.length, 64);
  assertEquals(found(jobOf([undefined]), [], { workers: 8 }).tried.length, 1);
});

test("a parked generator is looked at too, one that waits for its time is not", () => {
  assertEquals(found(jobOf([{ parked: true, step: 1 }, { notBefore: 5 }]), [], { workers: 2 }), {
    tried: [[1, 1]],
    poisoned: [],
  });
});

test("an engine that takes up again what it has lost itself counts those who died before, and not itself", async () => {
  const store = memoryStore();
  const { renew } = store;
  const first = new StoredFlowProcess({ store, work: (_n, ctx) => untilStopped(ctx) });
  first.start([1]);
  await first.settle();
  // It dies: nobody renews its lease.
  let stops = true;
  const durability = { attempts: 2 };
  const work = (_n: number, ctx: Context) => stops ? untilStopped(ctx) : undefined;
  const second = new StoredFlowProcess({ store, timers: manualTimers(60_000), work, durability });
  await second.engine.recover();
  await second.settle();
  const triedBy = async () => {
    const { entries = [] } = await store.load("job") ?? {};
    return entries.map((it) => JSON.parse(it)).filter(({ kind }) => kind === "claim").map(({ tried }) => tried);
  };
  const before = await triedBy();
  assertEquals(before.map(([it]) => [it.task, it.recoveries, it.died.length]), [[2, 1, 1]]);
  store.renew = () => {
    throw new Error("down");
  };
  await second.timers.advance(120_000);
  assertEquals(second.told("lost").length, 1);
  store.renew = renew;
  stops = false;
  await second.timers.advance(60_000);
  await second.engine.recover();
  await second.settle();
  assertEquals(await triedBy(), [...before, ...before]);
  assertEquals((await second.engine.handle("job").read()).status, "completed");
});

test("tasks are noted for the claim with which they stood first, also when its answer has come after the lease", async () => {
  const store = memoryStore();
  const first = new StoredFlowProcess({ store, work: (_n, ctx) => untilStopped(ctx) });
  first.start([1]);
  await first.settle();
  // It dies: nobody renews its lease.
  const answer = createLatch();
  const take: Store["take"] = async (query) => {
    const taken = await store.take(query);
    await answer.passed;
    return taken;
  };
  const renew: Store["renew"] = () => {
    throw new Error("down");
  };
  const timers = manualTimers(60_000);
  const second = new StoredFlowProcess({ store: { ...store, take, renew }, timers, durability: { leaseMs: 5_000 } });
  const recovering = second.engine.recover();
  await second.settle();
  const { owner, incarnation } = await store.find("job") ?? {};
  await timers.advance(6_000);
  answer.open();
  await assertRejects(() => recovering, Error, "down");
  await second.settle();
  const { entries = [] } = await store.load("job") ?? {};
  const claims = entries.map((it) => JSON.parse(it)).filter(({ kind }) => kind === "claim");
  assertEquals(claims.map((it) => [it.owner, it.incarnation]), [[owner, incarnation]]);
});
