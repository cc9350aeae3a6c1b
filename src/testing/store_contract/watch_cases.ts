import type { Store, StoreEvent } from "../../ports/store.ts";
import { type Case, withStore } from "./case.ts";
import { check, checkSame } from "./checks.ts";
import { createJob, ENDED, enter, HEAD, NOW, send } from "./sample_jobs.ts";

type EventType = StoreEvent["type"];

/** Makes a case for stores that have `watch`; `next` resolves with the next event of a type that does not repeat an earlier one. */
function watching(
  name: string,
  run: (store: Store, next: (type: EventType) => Promise<StoreEvent>) => Promise<void>,
): Case {
  return withStore(`watch, if the store has it, ${name}`, async (store) => {
    if (store.watch === undefined) return;
    const waiting = new Map<EventType, (event: StoreEvent) => void>();
    const seen = new Set<string>();
    const stop = store.watch((event) => {
      const text = JSON.stringify(event);
      if (!seen.has(text)) waiting.get(event.type)?.(event);
      seen.add(text);
    });
    await run(store, (type) => new Promise((resolve) => waiting.set(type, resolve)));
    stop();
  });
}

/** What a store tells of changes in this process. */
export const watchCases: readonly Case[] = [
  watching("tells of commands that are stored, also to jobs that have ended", async (store, next) => {
    const job = await createJob(store, "job", 0);
    const first = next("command");
    await send(store, job, "command", "key");
    checkSame(await first, { type: "command", jobId: "job" }, "the event");
    const ended = await createJob(store, "ended", 0);
    await store.append(ended, 0, [], ENDED);
    const second = next("command");
    await send(store, ended, "redrive", "redrive", { reopens: true });
    checkSame(await second, { type: "command", jobId: "ended" }, "the event of a job that has ended");
  }),
  watching("tells when a job that nobody has is due: after create and after a release", async (store, next) => {
    const owner = await enter(store, "engine");
    const created = next("due");
    await createJob(store, "new", 0, { dueAt: 77 });
    checkSame(await created, { type: "due", at: 77 }, "the event of a new job");
    const job = await createJob(store, "job", 0, { claim: owner });
    const released = next("due");
    await store.append(job, 0, [], { ...HEAD, dueAt: 88.5, releases: true });
    checkSame(await released, { type: "due", at: 88.5 }, "the event of a job that was released");
  }),
  watching("tells of the end of jobs, with and without a release", async (store, next) => {
    const owner = await enter(store, "engine");
    for (const releases of [true, false]) {
      const jobId = `job ${releases}`;
      const job = await createJob(store, jobId, 0, { claim: owner });
      const end = next("ended");
      await store.append(job, 0, ["end"], { ...ENDED, releases });
      checkSame(await end, { type: "ended", jobId }, "the event");
    }
  }),
  withStore("watch, if the store has it, tells of a look only when nothing is due", async (store) => {
    if (store.watch === undefined) return;
    const looks: StoreEvent[] = [];
    let hear = () => {};
    const heard = new Promise<void>((resolve) => hear = resolve);
    const stop = store.watch((event) => {
      if (event.type === "looked") looks.push(event);
      if (event.type === "command") hear();
    });
    await store.nextDueAt({ now: NOW, tells: "nothing" });
    await createJob(store, "later", 0, { dueAt: NOW + 1e9 });
    await store.nextDueAt({ now: NOW, tells: "nothing" });
    const job = await createJob(store, "job", 0, { dueAt: NOW - 1e9 });
    await store.nextDueAt({ now: NOW, tells: "something" });
    await send(store, job, "command", "key");
    await heard;
    stop();
    // A store need not tell of any.
    checkSame(looks, looks.map(() => ({ type: "looked", by: "nothing" })), "the looks that were told of");
  }),
  withStore("watch, if the store has it, tells nothing more once it is stopped", async (store) => {
    if (store.watch === undefined) return;
    const job = await createJob(store, "job", 0);
    let tell = (_event: StoreEvent) => {};
    const told = new Promise<StoreEvent>((resolve) => tell = resolve);
    const early: StoreEvent[] = [];
    const callback = (event: StoreEvent) => void early.push(event);
    const [stop, stopAgain] = [store.watch(callback), store.watch(callback)];
    stop();
    stopAgain();
    const stopLast = store.watch((event) => event.type === "command" && tell(event));
    await send(store, job, "command", "key");
    checkSame(await told, { type: "command", jobId: "job" }, "the event");
    stopLast();
    check(early.length === 0, `a watcher that was stopped has heard of ${JSON.stringify(early)}`);
  }),
];
