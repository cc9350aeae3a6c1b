import type { JobClaim, ReplacedFlow, Store } from "../../ports/store.ts";
import type { Case, Scope } from "./case.ts";
import { checkFenced, checkSame, existing } from "./checks.ts";
import { REVISIONS, takeOver } from "./fence_cases.ts";
import {
  claimJob,
  createJob,
  enter,
  HEAD,
  idsOf,
  inboxOf,
  LATER,
  NOW,
  sampleEntries,
  send,
  sendNew,
  take,
} from "./sample_jobs.ts";

/** A store that can replace flows. */
interface ReplacingStore extends Store {
  readonly replaceFlow: NonNullable<Store["replaceFlow"]>;
}

const SECOND: ReplacedFlow = {
  flowHash: "second",
  flow: '{"id":"flow","of":"second"}',
  snapshot: "in the second flow",
};

/** Makes a case for stores that have `replaceFlow`. */
function replacing(
  name: string,
  run: (stores: readonly [ReplacingStore, ReplacingStore], scope: Scope) => Promise<void>,
): Case {
  return {
    name: `replaceFlow, if the store has it, ${name}`,
    async run(scope) {
      const [first, second] = await scope.openTwo();
      if (canReplace(first) && canReplace(second)) await run([first, second], scope);
    },
  };
}

function canReplace(store: Store): store is ReplacingStore {
  return store.replaceFlow !== undefined;
}

/** Makes a job that an engine has, at a revision. */
async function claimedJob(store: Store, revision: number): Promise<JobClaim> {
  return await createJob(store, "job", revision, { claim: await enter(store, "engine") });
}

/** Jobs that are given another version of their flow. */
export const flowCases: readonly Case[] = [
  replacing("gives a job another flow with its hash and document, and drops all entries", async ([store, other]) => {
    const claim = await claimedJob(store, 5);
    await store.compact(claim, 3, "snapshot at 3");
    const before = existing(await other.load("job"), "the job");
    await store.replaceFlow(claim, 5, SECOND);
    const record = { ...before.record, flowHash: "second" };
    const { flow, snapshot } = SECOND;
    const expected = { record, flow, snapshot, snapshotRevision: 5, entries: [] };
    for (const it of [store, other]) {
      checkSame(await it.load("job"), expected, "load");
      checkSame(await it.find("job"), record, "find");
      checkSame((await it.list()).jobs, [record], "list");
    }
    checkSame(await store.append(claim, 5, sampleEntries(5, 7), { ...HEAD, releases: true }), "stored", "append");
    checkSame((await other.load("job"))?.entries, sampleEntries(5, 7), "the entries after it");
    const taken = existing(await claimJob(other, await enter(other, "other"), claim), "the claimed job");
    checkSame([taken.record.flowHash, taken.flow, taken.snapshot], ["second", flow, snapshot], "what a claim gives");
    checkSame([taken.snapshotRevision, taken.entries], [5, sampleEntries(5, 7)], "the journal that a claim gives");
  }),
  replacing("of a job without entries replaces the snapshot of its creation", async ([store, other]) => {
    const claim = await claimedJob(store, 0);
    await store.replaceFlow(claim, 0, SECOND);
    const stored = await other.load("job");
    checkSame([stored?.snapshot, stored?.snapshotRevision, stored?.entries], [SECOND.snapshot, 0, []], "the job");
    await store.append(claim, 0, sampleEntries(0, 1));
    checkSame((await other.load("job"))?.entries, sampleEntries(0, 1), "the entries after it");
  }),
  replacing("may be done again, and with another flow", async ([store, other]) => {
    const claim = await claimedJob(store, 2);
    for (const replaced of [SECOND, SECOND, { flowHash: "third", flow: "the third", snapshot: "in the third" }]) {
      await store.replaceFlow(claim, 2, replaced);
      const { record, flow, snapshot, snapshotRevision } = existing(await other.load("job"), "the job");
      checkSame({ flowHash: record.flowHash, flow, snapshot }, replaced, "the job");
      checkSame([snapshotRevision, record.revision, record.epoch], [2, 2, 1], "where it stands");
    }
  }),
  replacing("changes no other job of the flow that was before", async ([store, other]) => {
    const owner = await enter(store, "engine");
    const same = { flow: "the flow of both", flowHash: "both", claim: owner };
    const [claim, second] = [await createJob(store, "job", 1, same), await createJob(store, "second", 1, same)];
    const checkFlow = async (jobId: string, flow: string, what: string) => {
      for (const it of [store, other]) checkSame((await it.load(jobId))?.flow, flow, what);
    };
    await store.replaceFlow(claim, 1, SECOND);
    await checkFlow("second", "the flow of both", "the flow of the other job");
    await store.delete(claim);
    await checkFlow("second", "the flow of both", "the flow of the other job, this one deleted");
    await store.replaceFlow(second, 1, SECOND);
    await checkFlow("second", SECOND.flow, "the flow of the other job, replaced");
    await createJob(store, "third", 1, same);
    await checkFlow("third", "the flow of both", "the flow of a third job");
  }),
  replacing("keeps the inbox, its keys, and the claim", async ([store, other]) => {
    const claim = await claimedJob(store, 2);
    await sendNew(other, "job", "first", "1");
    await sendNew(other, "job", "second", "2");
    await store.append(claim, 2, [], { ...HEAD, consumed: 1 });
    await store.replaceFlow(claim, 2, SECOND);
    checkSame(await inboxOf(other, claim), [{ sequence: 2, key: "2", text: "second" }], "inbox");
    checkSame(await send(other, claim, "first", "1"), "known", "send under a key that was consumed");
    checkSame((await other.outcome(claim, "1"))?.status, "done", "what has become of the first command");
    await sendNew(other, "job", "third", "3");
    const { sent, consumed, owner, epoch } = existing(await other.find("job"), "the job");
    checkSame([sent, consumed, owner, epoch], [3, 1, "engine", 1], "the record");
  }),
  replacing("has the job found by its new hash, whatever it is due for", async ([store, other]) => {
    const [owner, third] = [await enter(store, "engine"), await enter(other, "third", { leaseMs: LATER })];
    const [unread, waiting, left] = await Promise.all(["unread", "waiting", "left"].map((jobId) => {
      return createJob(store, jobId, 1, { claim: owner });
    }));
    const takeExcept = async (flowHash: string) =>
      idsOf(await take(other, third, { exceptFlows: new Set([flowHash]) })).sort();
    for (const claim of [unread, waiting, left]) {
      if (claim !== undefined) await store.replaceFlow(claim, 1, SECOND);
    }
    await sendNew(other, "unread", "command");
    const released = { ...HEAD, releases: true };
    await store.append(existing(unread, "a job"), 1, [], released);
    await store.append(existing(waiting, "a job"), 1, [], { ...released, dueAt: NOW });
    await store.leave(owner);
    const query = { now: NOW, exceptFlows: new Set(["second"]) };
    checkSame(await other.nextDueAt(query), undefined, "the next instant without the new flow");
    checkSame(await takeExcept("second"), [], "what is taken without the new flow");
    checkSame(await takeExcept("hash"), ["left", "unread", "waiting"], "what is taken without the former flow");
  }),
  replacing("of a job that waits has it found by its new hash", async ([store, other]) => {
    const owner = await enter(store, "engine");
    // A job that was never claimed is written by whoever has created it.
    const claim = await createJob(store, "job", 1, { dueAt: NOW });
    await sendNew(other, "job", "command");
    await store.replaceFlow(claim, 1, SECOND);
    const except = (hash: string) => ({ now: NOW, exceptFlows: new Set([hash]) });
    checkSame(await other.nextDueAt(except("second")), undefined, "the next instant without the new flow");
    checkSame(idsOf(await take(store, owner, except("second"))), [], "what is taken without the new flow");
    const [taken] = await take(store, owner, except("hash"));
    checkSame([taken?.record.jobId, taken?.flow], ["job", SECOND.flow], "what is taken without the former flow");
  }),
  replacing("is refused to a former owner, at a wrong revision or epoch, and of a job that is gone", async (stores) => {
    const [first, second] = stores;
    const [former, present] = await takeOver(first, second);
    const before = await second.load("job");
    const refused = async (claim: JobClaim, revision: number, what: string) =>
      await checkFenced(() => first.replaceFlow(claim, revision, SECOND), "job", revision, 2, what);
    for (const revision of REVISIONS) await refused(former, revision, `a former owner's at ${revision}`);
    for (const revision of [0, 1, 3, 100]) await refused(present, revision, `the owner's at ${revision}, the job at 2`);
    for (const epoch of [0, 1, 3]) await refused({ ...present, epoch }, 2, `one of epoch ${epoch}, the job at 2`);
    checkSame(await second.load("job"), before, "the job after it");
    await second.append(present, 2, [], { ...HEAD, releases: true });
    await refused(present, 2, "one after the release");
    checkSame((await second.load("job"))?.flow, before?.flow, "the flow after the release");
    await second.delete(present);
    const late = () => first.replaceFlow(present, 2, SECOND);
    await checkFenced(late, "job", 2, undefined, "one after the deletion");
    await createJob(second, "job", 2, { claim: await enter(second, "third") });
    await checkFenced(late, "job", 2, undefined, "one of another life");
    checkSame((await second.load("job"))?.record.flowHash, "hash", "the hash of the job made anew");
  }),
  replacing("is not undone by a snapshot that comes late", async ([first, second]) => {
    const [former, present] = await takeOver(first, second);
    await second.append(present, 2, sampleEntries(2, 4));
    await second.replaceFlow(present, 4, SECOND);
    const before = await second.load("job");
    for (const revision of [2, 3, 4]) {
      await first.compact(former, revision, "late");
      checkSame(await second.load("job"), before, `load after a compact at ${revision}`);
    }
    await second.append(present, 4, sampleEntries(4, 6));
    await second.compact(present, 5, "snapshot at 5");
    const stored = await first.load("job");
    checkSame([stored?.snapshot, stored?.entries], ["snapshot at 5", sampleEntries(5, 6)], "the job after its own");
  }),
  replacing("survives closing and reopening the store", async ([store], scope) => {
    const claim = await claimedJob(store, 3);
    await store.replaceFlow(claim, 3, SECOND);
    await store.append(claim, 3, sampleEntries(3, 4), { ...HEAD, dueAt: NOW, releases: true });
    const before = await store.load("job");
    const again = await scope.reopen();
    checkSame(await again.load("job"), before, "load");
    const [taken] = await take(again, await enter(again, "other"), { exceptFlows: new Set(["hash"]) });
    checkSame(taken?.flow, SECOND.flow, "the flow of the job that is taken");
  }),
  replacing("takes long texts, and those with odd characters", async ([store, other]) => {
    const claim = await claimedJob(store, 2);
    const odd = '{"\\u0000":"\0\ud800\ufeff\u{1f600}"}';
    for (const text of [`{"long":"${"é".repeat(300_000)}"}`, odd, `{"long":"${"x".repeat(3_000_000)}"}`]) {
      await store.replaceFlow(claim, 2, { flowHash: text.slice(0, 20), flow: text, snapshot: `${text} ` });
      const { record, flow, snapshot } = existing(await other.load("job"), "the job");
      checkSame([record.flowHash, flow, snapshot], [text.slice(0, 20), text, `${text} `], "the job");
    }
    await store.append(claim, 2, [odd]);
    checkSame((await other.load("job"))?.entries, [odd], "the entry after it");
  }),
  replacing("is whole when several ask at the same time", async (stores) => {
    const [first, second] = stores;
    const claim = await claimedJob(first, 1);
    const calls = stores.map(async (store, index) =>
      await store.replaceFlow(claim, 1, { flowHash: `${index}`, flow: `flow ${index}`, snapshot: `snapshot ${index}` })
    );
    await Promise.all([...calls, sendNew(first, "job", "command"), second.find("job")]);
    const { record: { flowHash, sent }, flow, snapshot } = existing(await second.load("job"), "the job");
    checkSame([flow, snapshot, sent], [`flow ${flowHash}`, `snapshot ${flowHash}`, 1], "the job: one flow, whole");
    checkSame((await first.list()).jobs.length, 1, "how often it is listed");
  }),
];
