import { test } from "node:test";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { FencedError, PreflightError, StateError, StoreError } from "../../mod.ts";
import { hashText, type Store } from "../../src/ports/mod.ts";
import { memoryStore } from "../../src/stores/memory_store.ts";
import { manualTimers } from "../../src/testing/mod.ts";
import { CrashingStore } from "../support/crashing_store.ts";
import { outputsOf, startAsking, VersionProcess, within } from "../support/flow_versions.ts";
import { lateStore } from "../support/late_store.ts";

// A job in a store is moved to another version of its flow: wholly, or not at all.

const STORES: Readonly<Record<string, () => Store>> = {
  "a store that answers at once": memoryStore,
  "a store that answers later": lateStore,
};
const RENAME = { rename: { ask: "question" } };
const ANSWER = { routine: "question", slot: "answer" };

async function startIn(createStore: () => Store) {
  const options = { store: createStore(), timers: manualTimers() };
  await within(options.timers, startAsking(options));
  return options;
}

for (const [name, createStore] of Object.entries(STORES)) {
  test(`C520 a stored job that waits goes on in the version that has adopted it, with ${name}`, async () => {
    const options = await startIn(createStore);
    const { store, timers } = options;
    const next = new VersionProcess(2, options, "question");
    const handle = next.flow.handle("job");
    const before = await store.find("job");
    assertEquals(await within(timers, handle.adopt(RENAME)), []);
    const after = await store.find("job");
    assertEquals([after?.owner, after?.status, after?.dueAt], [undefined, "running", undefined]);
    assertEquals(after?.flowHash === before?.flowHash, false);
    const job = await handle.read();
    assertEquals([job.awaiting[0]?.routine, Object.keys(job.routineStates)], ["question", ["question"]]);
    await handle.deliver(ANSWER, { n: 7 });
    assertEquals(await outputsOf(next, timers), "completed, sum 7, audit 7");
  });

  test(`C520 the inbox is kept: what was sent before is carried out afterwards, once, with ${name}`, async () => {
    const options = await startIn(createStore);
    const { store, timers } = options;
    const next = new VersionProcess(2, options);
    const handle = next.flow.handle("job");
    await handle.deliver({ routine: "ask", slot: "answer" }, { n: 3 }, { key: "answer" });
    await within(timers, handle.adopt());
    assertEquals((await store.find("job"))?.sent, 1);
    await handle.deliver({ routine: "ask", slot: "answer" }, { n: 3 }, { key: "answer" });
    assertEquals(await outputsOf(next, timers), "completed, sum 3, audit 3");
    assertEquals((await handle.command("answer"))?.status, "done");
  });

  test(`C521 a stored job that does not fit is refused with all findings, and not changed, with ${name}`, async () => {
    const options = await startIn(createStore);
    const { store, timers } = options;
    const { flow, engine } = new VersionProcess(2, options, "question");
    const handle = flow.handle("job");
    const before = await store.load("job");
    const error = await within(timers, assertRejects(() => handle.adopt(), PreflightError, 'Cannot adopt job "job"'));
    const places = (findings: PreflightError["findings"]) => findings.map(({ code, path }) => `${code} ${path}`);
    const expected = ["unknown_routine pendingTasks[0].routine", "unknown_routine routineStates.ask"];
    assertEquals(places(error.findings), expected);
    assertEquals(places(await handle.adopt({ dryRun: true })), expected);
    assertEquals(await handle.adopt({ ...RENAME, dryRun: true }), []);
    assertEquals(await store.load("job"), before);
    // A delivery that nobody has carried out goes to the routine by its new id.
    await new VersionProcess(1, options).flow.handle("job").deliver({ routine: "ask", slot: "answer" }, { n: 1 });
    assertEquals(places(await handle.adopt({ dryRun: true })), [...expected, "unread_command inbox[1]"]);
    assertEquals(await handle.adopt({ ...RENAME, dryRun: true }), []);
    await assertRejects(() => handle.adopt({ rename: { ask: "gone" } }), TypeError, 'rename leads to "gone"');
    await assertRejects(() => engine.handle("job").adopt(), TypeError, 'use flow.handle("job")');
    await assertRejects(() => flow.handle("nobody").adopt(), StateError, "the store has none of this id");
  });
}

test("C520 a job that has the version already is left as it is, also when names are swapped", async () => {
  const options = await startIn(memoryStore);
  const { store, timers } = options;
  const next = new VersionProcess(2, options, "question");
  await within(timers, next.flow.handle("job").adopt(RENAME));
  const before = await store.load("job");
  const swapped = { rename: { question: "audit", audit: "question" } };
  assertEquals(await next.flow.handle("job").adopt(swapped), []);
  assertEquals(await store.load("job"), before);
});

test("C520 a paused job and one that has failed are adopted, and go on in the new version", async () => {
  const options = await startIn(memoryStore);
  const { timers } = options;
  const [former, next] = [new VersionProcess(1, options), new VersionProcess(2, options, "question")];
  await former.engine.handle("job").pause({ reason: "deploy" });
  await former.engine.recover();
  await within(timers, next.flow.handle("job").adopt(RENAME));
  assertEquals((await next.flow.handle("job").read()).status, "paused");
  await next.flow.handle("job").deliver(ANSWER, { n: -1 });
  await next.flow.handle("job").resume();
  assertEquals(await outputsOf(next, timers), "failed");
  // The way back is an adoption, too.
  await within(timers, former.flow.handle("job").adopt({ rename: { question: "ask" }, drop: ["audit"] }));
  const { failures } = await former.flow.handle("job").read();
  assertEquals(failures.map(({ task }) => task.routine), ["sum"]);
  await former.flow.handle("job").redrive({
    failures: failures.map(({ task }) => ({ taskId: task.id, data: { n: 5 } })),
  });
  assertEquals(await outputsOf(former, timers), "completed, sum 5");
});

test("C521 a job that somebody works on is refused, here and elsewhere; of a race one side wins", async () => {
  const options = await startIn(memoryStore);
  const { timers } = options;
  const [former, next] = [new VersionProcess(1, options), new VersionProcess(2, options, "question")];
  const opened = await former.engine.open("job");
  opened.flow.resume(opened.job);
  await timers.flush();
  const elsewhere = await assertRejects(() => next.flow.handle("job").adopt(RENAME), StateError, "pause it first");
  assert(elsewhere.reason === "elsewhere" && elsewhere.message.includes('in the engine of owner "process'));
  await assertRejects(() => former.flow.handle("job").adopt(), StateError, "it is live here; pause it first");
  await former.engine.shutdown();
  const before = new VersionProcess(1, options);
  await before.flow.handle("job").deliver({ routine: "ask", slot: "answer" }, { n: 1 });
  const both = await within(
    timers,
    Promise.allSettled([before.engine.recover(), new VersionProcess(2, options).flow.handle("job").adopt()]),
  );
  assertEquals(both[0]?.status, "fulfilled");
  await timers.advance(1_000);
  assertEquals((await outputsOf(before, timers)).startsWith("completed, sum 1"), true);
});

const RACES = [memoryStore, lateStore].flatMap((createStore) => [[false, createStore], [true, createStore]] as const);

test("C521 a job that this engine is just taking up, or has taken up meanwhile, is refused, and goes on", async () => {
  for (const [isLive, createStore] of RACES) {
    const options = await startIn(createStore);
    const { store, timers } = options;
    await new VersionProcess(1, options).flow.handle("job").deliver({ routine: "ask", slot: "answer" }, { n: 1 });
    let goOn = () => {};
    const isHeld = new Promise<void>((resolve) => goOn = resolve);
    let count = 0;
    // The worker moves the job, and that takes a while; or it has it before the claim of the handle, which has failed, is made again.
    const replaceFlow: Store["replaceFlow"] = async (...args) => {
      if (count++ === 0 && !isLive) await isHeld;
      await store.replaceFlow?.(...args);
    };
    const claim: Store["claim"] = async (query) => {
      if (isLive && count++ === 0) {
        await isHeld;
        throw new Error("the connection is gone");
      }
      return await store.claim(query);
    };
    let write = () => {};
    const mayWrite = new Promise<void>((resolve) => write = resolve);
    const append: Store["append"] = async (...args) => {
      if (isLive) await mayWrite;
      return await store.append(...args);
    };
    const next = new VersionProcess(2, { store: { ...store, append, replaceFlow, claim }, timers });
    const { engine, flow } = next;
    const adopting = isLive ? flow.handle("job").adopt() : undefined;
    if (isLive) await timers.flush();
    const worker = engine.work({ idleMs: 0, ...(isLive ? {} : { flows: [flow], onChange: "adopt" }) });
    await timers.flush();
    const refused = assertRejects(() => adopting ?? flow.handle("job").adopt(), StateError);
    await timers.flush();
    goOn();
    await within(timers, refused);
    write();
    const { outputLog } = await within(timers, engine.handle("job").ended());
    const expected = isLive ? ["sum"] : ["sum", "audit"];
    assertEquals([outputLog.map(({ type }) => type), next.told("lost"), next.told("refused")], [expected, [], []]);
    await within(timers, worker.stop());
  }
});

for (const isAsync of [false, true]) {
  test(`C522 an adoption that dies at any write leaves the job wholly in one version, ${isAsync ? "late" : "at once"}`, async () => {
    const seen = new Set<string>();
    for (let write = 1, isDead = true; isDead; write++) {
      for (const isWritten of [false, true]) {
        const options = await startIn(memoryStore);
        const { store, timers } = options;
        const [former, next] = [new VersionProcess(1, options), new VersionProcess(2, options)];
        await former.flow.handle("job").deliver({ routine: "ask", slot: "answer" }, { n: 4 }, { key: "answer" });
        const hashes = [(await store.find("job"))?.flowHash, hashText(JSON.stringify(next.flow.toJSON()))];
        const crashing = new CrashingStore(store, { write, isWritten }, isAsync);
        const dying = new VersionProcess(2, { store: crashing, timers });
        dying.flow.handle("job").adopt().catch(() => {});
        await timers.flush();
        isDead = crashing.isDead;
        const stored = await store.load("job");
        const version = hashes.indexOf(stored?.record.flowHash);
        assertEquals(JSON.parse(stored?.flow ?? "").flowVersion ?? 1, version + 1);
        // Each version finds what it needs.
        const present = version === 0 ? former : next;
        assertEquals(present.flow.check(await present.flow.handle("job").read()), []);
        seen.add(`${version} ${stored?.record.owner === undefined ? "free" : "claimed"}`);
        await timers.advance(31_000);
        await former.engine.recover();
        await timers.advance(1_000);
        assertEquals(await outputsOf(former, timers), version === 0 ? "completed, sum 4" : "completed, sum 4, audit 4");
        assertEquals((await store.outcome({ jobId: "job" }, "answer"))?.status, "done");
      }
    }
    assertEquals([...seen].sort(), ["0 claimed", "0 free", "1 claimed", "1 free"]);
  });
}

test("C522 an answer of the store that is lost, or an error, changes nothing about an adoption", async () => {
  for (const isWritten of [false, true]) {
    for (const failures of [1, 2]) {
      const options = await startIn(memoryStore);
      const { store, timers } = options;
      let left = failures;
      const replaceFlow: Store["replaceFlow"] = async (...args) => {
        if (left === 0 || isWritten) await store.replaceFlow?.(...args);
        if (left-- > 0) throw new Error("the connection is gone");
      };
      const next = new VersionProcess(2, { store: { ...store, replaceFlow }, timers }, "question");
      assertEquals(await within(timers, next.flow.handle("job").adopt(RENAME)), []);
      assertEquals(next.told("store_error").length, failures);
      await next.flow.handle("job").deliver(ANSWER, { n: 2 });
      assertEquals(await outputsOf(next, timers), "completed, sum 2, audit 2");
    }
  }
});

test("C522 a store that keeps failing leaves the job to others", async () => {
  const options = await startIn(memoryStore);
  const { store, timers } = options;
  const replaceFlow = () => Promise.reject(new Error("the disk is full"));
  const next = new VersionProcess(2, { store: { ...store, replaceFlow }, timers }, "question");
  await within(
    timers,
    assertRejects(() => next.flow.handle("job").adopt(RENAME), StoreError, "the store failed 6 times"),
  );
  assertEquals((await store.find("job"))?.owner, undefined);
  const { replaceFlow: _, ...without } = store;
  const never = new VersionProcess(2, { store: without, timers }, "question").flow.handle("job");
  await assertRejects(() => never.adopt(RENAME), TypeError, "it has no replaceFlow");
});

test("C521 a job that was deleted, or that somebody else takes meanwhile, is refused, and left as it is", async () => {
  const options = await startIn(memoryStore);
  const { store, timers } = options;
  const adopt = (changed: Partial<Store>) =>
    new VersionProcess(2, { store: { ...store, ...changed }, timers }, "question").flow.handle("job").adopt(RENAME);
  const before = await store.find("job");
  const gone = await assertRejects(() => adopt({ load: () => undefined }), StateError, "it was deleted meanwhile");
  assertEquals(gone.reason, "unknown");
  const replaceFlow = () => Promise.reject(new FencedError("job", undefined, undefined));
  const taken = await assertRejects(() => adopt({ replaceFlow }), StateError, "somebody else has just taken it");
  assertEquals(taken.reason, "elsewhere");
  await timers.advance(31_000);
  const claim: Store["claim"] = async (query) => {
    const answer = await store.claim(query);
    return {
      ...answer,
      jobs: answer.jobs.map((it) => ({ ...it, record: { ...it.record, life: it.record.life + 1 } })),
    };
  };
  await assertRejects(() => adopt({ claim }), StateError, "somebody else has just taken it");
  await timers.advance(31_000);
  assertEquals((await store.find("job"))?.flowHash, before?.flowHash);
});

test("C520 commands that name no slot are kept, also those that nobody can read", async () => {
  const options = await startIn(memoryStore);
  const { store, timers } = options;
  const next = new VersionProcess(2, options, "question");
  await next.flow.handle("job").pause({ key: "pause" });
  const sent = { key: "odd", text: "{", reopens: false, now: timers.now(), keyRetentionMs: 60_000, room: 10 };
  await store.send({ jobId: "job" }, sent);
  await next.flow.handle("job").resume({ key: "resume" });
  assertEquals(await within(timers, next.flow.handle("job").adopt(RENAME)), []);
  await next.flow.handle("job").deliver(ANSWER, { n: 6 });
  assertEquals(await outputsOf(next, timers), "completed, sum 6, audit 6");
  const outcomes = await Promise.all(["pause", "odd", "resume"].map((key) => store.outcome({ jobId: "job" }, key)));
  assertEquals(outcomes.map((it) => it?.status), ["done", "refused", "done"]);
});
