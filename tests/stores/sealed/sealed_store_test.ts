import { test } from "node:test";
import { assertEquals, assertMatch, assertNotEquals, assertRejects, assertThrows } from "@std/assert";
import { type Context, Engine, type EngineEvent, Flow, Registry, Routine } from "../../../mod.ts";
import type { Store } from "../../../src/ports/mod.ts";
import { memoryStore } from "../../../src/stores/memory_store.ts";
import { sealedStore, SealedTextError, type SealingKey } from "../../../src/stores/sealed_store.ts";
import { manualIds, manualTimers } from "../../../src/testing/mod.ts";
import { sampleJob } from "../../../src/testing/store_contract/sample_jobs.ts";

/** A key whose bytes are all alike. */
function keyOf(id: string, byte: number): SealingKey {
  return { id, key: new Uint8Array(32).fill(byte) };
}

const OLD = keyOf("old", 1);
const NEW = keyOf("new", 2);
const OWNER = { owner: "a", leaseMs: 1_000, now: 0, token: "t", takesOver: false };
const COMMAND = { key: "k", text: "go", reopens: false, keyRetentionMs: 1_000, room: 10, now: 0 };

/** A store with one job that has two entries, claimed by `a`. */
async function filled(keys: readonly SealingKey[] = [OLD]) {
  const inner = memoryStore();
  const store = sealedStore(inner, { keys });
  const { incarnation = 0 } = await store.enter(OWNER);
  const claim = { owner: "a", incarnation };
  const [answer] = await store.create([{ ...sampleJob("job"), flow: "secret flow", snapshot: "secret job", claim }]);
  const life = { jobId: "job", life: answer?.record.life ?? 0 };
  await store.append({ ...life, epoch: 1 }, 0, ["secret one", "secret two"]);
  await store.send(life, { ...COMMAND, text: "secret command" });
  return { inner, store, life, claim };
}

/** All texts that a store keeps of a job. */
async function textsOf(store: Store, life: { readonly jobId: string; readonly life: number }): Promise<string[]> {
  const stored = await store.load(life.jobId);
  const { commands } = await store.inbox(life, 0, 0);
  return [stored?.flow ?? "", stored?.snapshot ?? "", ...stored?.entries ?? [], ...commands.map(({ text }) => text)];
}

const SECRETS = ["secret flow", "secret job", "secret one", "secret two", "secret command"];

test("sealedStore() keeps no text that can be read without the key", async () => {
  const { inner, store, life } = await filled();
  assertEquals(await textsOf(store, life), SECRETS);
  for (const text of await textsOf(inner, life)) assertMatch(text, /^sealed1\.old\.[\w+/=]+\.[\w+/=]+\.[\w+/=]+$/);
});

test("sealedStore() gives each life of a job, and each writing of a text, another ciphertext", async () => {
  const { inner, store, life } = await filled();
  const before = await inner.load("job");
  await store.delete(life);
  const [again] = await store.create([{
    ...sampleJob("job"),
    token: "again",
    flow: "secret flow",
    snapshot: "secret job",
  }]);
  const after = await inner.load("job");
  assertEquals(again?.isNew, true);
  assertNotEquals(after?.snapshot, before?.snapshot);
  // Flows are kept once for all jobs, which needs equal texts.
  assertEquals(after?.flow, before?.flow);
});

test("sealedStore() seals texts that are no Unicode text, and empty ones", async () => {
  const store = sealedStore(memoryStore(), { keys: [OLD] });
  for (const [i, text] of ["", "\ud800", "\ufeffbom", "\0", "😀\udc00"].entries()) {
    await store.create([{ ...sampleJob(`job ${i}`), snapshot: text }]);
    assertEquals((await store.load(`job ${i}`))?.snapshot, text);
  }
});

/** What somebody who can write to the storage may try, as a change of what the store answers. */
const ATTACKS: { readonly [name: string]: Parameters<typeof tamper>[1] } = {
  "swaps two entries": (job) => ({ ...job, entries: job.entries.toReversed() }),
  "repeats an entry": (job) => ({ ...job, entries: [job.entries[0] ?? "", job.entries[0] ?? ""] }),
  "puts an entry in the place of the snapshot": (job) => ({ ...job, snapshot: job.entries[0] ?? "" }),
  "changes a letter": (job) => ({
    ...job,
    snapshot: job.snapshot.replace(/(.{6})$/, (end) => end.startsWith("A") ? `B${end.slice(1)}` : `A${end.slice(1)}`),
  }),
  "cuts a text": (job) => ({ ...job, snapshot: job.snapshot.slice(0, -8) }),
  "names another flow": (job) => ({ ...job, record: { ...job.record, flowHash: "other" } }),
  "writes plain text": (job) => ({ ...job, flow: "{}" }),
};

function tamper(inner: Store, change: (job: NonNullable<Awaited<ReturnType<Store["load"]>>>) => typeof job): Store {
  return {
    ...inner,
    load: async (jobId) => {
      const job = await inner.load(jobId);
      return job && change(job);
    },
  };
}

for (const [attack, change] of Object.entries(ATTACKS)) {
  test(`sealedStore() notices whoever ${attack}`, async () => {
    const { inner } = await filled();
    const store = sealedStore(tamper(inner, change), { keys: [OLD] });
    const error = await assertRejects(async () => await store.load("job"), SealedTextError);
    assertEquals([error.code, error.jobId], ["SEALED_TEXT", "job"]);
  });
}

test("sealedStore() notices a text of another job or of another life", async () => {
  const { inner, store } = await filled();
  await store.create([sampleJob("other")]);
  const other = (await inner.load("other"))?.snapshot ?? "";
  const moved = sealedStore(tamper(inner, (job) => ({ ...job, snapshot: other })), { keys: [OLD] });
  const error = await assertRejects(async () => await moved.load("job"), SealedTextError);
  assertMatch(error.message, /of job "job", sealed by key "old": it was changed, or moved from another place/);
});

test("sealedStore() opens what older keys have sealed, and seals by the first key", async () => {
  const { inner, life } = await filled();
  const store = sealedStore(inner, { keys: [NEW, OLD] });
  assertEquals(await textsOf(store, life), SECRETS);
  await store.append({ ...life, epoch: 1 }, 2, ["three"]);
  assertMatch((await inner.load("job"))?.entries[2] ?? "", /^sealed1\.new\./);
  await store.compact(life, 3, "secret job");
  assertMatch((await inner.load("job"))?.snapshot ?? "", /^sealed1\.new\./);
  assertEquals((await store.load("job"))?.snapshot, "secret job");
});

test("sealedStore() knows what was sent by an older key, and tells what differs", async () => {
  const { inner, life } = await filled();
  const store = sealedStore(inner, { keys: [NEW, OLD] });
  assertEquals(await store.send(life, { ...COMMAND, text: "secret command" }), "known");
  assertEquals(await store.send(life, { ...COMMAND, text: "another command" }), "differs");
});

test("sealedStore() without the key of a text names it", async () => {
  const { inner, life } = await filled();
  const store = sealedStore(inner, { keys: [NEW] });
  const error = await assertRejects(async () => await store.load("job"), SealedTextError);
  assertEquals([error.problem, error.keyId], ["unknown key", "old"]);
  // Not consumed: whoever has the key carries it out.
  await assertRejects(async () => await store.inbox(life, 0, 0), SealedTextError, "give sealedStore() the key");
});

test("sealedStore() passes on a command that was changed, for the engine to refuse", async () => {
  const { inner, life } = await filled();
  const changed = sealedStore({
    ...inner,
    inbox: (...args) => {
      const answer = inner.inbox(...args);
      if (answer instanceof Promise) throw new Error("the memory store answers at once");
      return { ...answer, commands: answer.commands.map((it) => ({ ...it, key: "another" })) };
    },
  }, { keys: [OLD] });
  const { commands: [command] } = await changed.inbox(life, 0, 0);
  assertMatch(command?.text ?? "", /^sealed1\./);
});

test("sealedStore() refuses keys that are none", () => {
  const seal = (keys: unknown) => () => sealedStore(memoryStore(), { keys: keys as SealingKey[] });
  assertThrows(seal([]), TypeError, "keys must be a list of at least one key");
  assertThrows(seal(undefined), TypeError, "keys must be a list of at least one key");
  assertThrows(
    seal([{ ...OLD, id: "a.b" }]),
    TypeError,
    'keys[0].id must be 1 to 64 letters, digits, "-" and "_", got "a.b"',
  );
  assertThrows(seal([OLD, { id: "x", key: "text" }]), TypeError, "keys[1].key must be a Uint8Array");
  assertThrows(seal([{ id: "x", key: new Uint8Array(16) }]), RangeError, "keys[0].key must have 32 bytes, it has 16");
  assertThrows(seal([OLD, OLD]), TypeError, 'two keys of the id "old"');
});

class Order extends Routine {
  readonly trigger = this.addSlot("trigger", this.place);
  readonly paid = this.addSlot("paid", this.ship);
  place(_: unknown, ctx: Context): void {
    ctx.expect(this.paid);
  }
  ship(amount: number, ctx: Context): void {
    ctx.output("shipped for", amount);
  }
}

/** An engine on a store, with a flow of orders. */
function ordersOn(store: Store) {
  const registry = new Registry({ Order });
  const events: EngineEvent[] = [];
  const timers = manualTimers();
  const engine = new Engine({
    registry,
    store,
    timers,
    ids: manualIds(),
    observer: (event) => void events.push(event),
  });
  const flow = new Flow({ id: "orders", registry, engine });
  return { engine, flow, order: flow.addRoutine(new Order(), "order"), events, timers };
}

test("jobs in a sealed store work, also over a change of the key, and a job that was changed does not stop the others", async () => {
  const inner = memoryStore();
  const first = ordersOn(sealedStore({ ...inner, close: () => {} }, { keys: [OLD] }));
  await first.flow.startMany(first.order, [{ jobId: "good" }, { jobId: "bad" }]);
  for (const jobId of ["good", "bad"]) {
    await first.engine.handle(jobId).deliver({ routine: "order", slot: "paid" }, 12);
  }
  await first.engine.close();

  const changed: Store = {
    ...inner,
    take: async (query) => {
      const answer = await inner.take(query);
      return {
        ...answer,
        jobs: answer.jobs.map((job) => job.record.jobId === "bad" ? { ...job, snapshot: "{}" } : job),
      };
    },
  };
  const { engine, events } = ordersOn(sealedStore(changed, { keys: [NEW, OLD] }));
  const { errors } = await engine.recover();
  assertEquals(errors.map(({ jobId, error }) => [jobId, error instanceof SealedTextError]), [["bad", true]]);
  const good = await engine.handle("good").ended();
  assertEquals([good.status, good.outputLog[0]?.data], ["completed", 12]);
  assertEquals(events.filter(({ type }) => type === "refused").length, 1);
  assertEquals((await engine.list({ status: "pending" })).jobs.map(({ jobId }) => jobId), ["bad"]);
  await engine.close();
});
