import type { Store, StoredJob } from "../../ports/store.ts";
import type { Case } from "./case.ts";
import { check, checkSame } from "./checks.ts";
import { createJob, enter, HEAD, inboxOf, sampleEntries, send, sendNew } from "./sample_jobs.ts";

const SHARES: readonly number[] = [0, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 1];
/** Long texts with multi-byte characters, so that cuts fall within an entry and within a character. */
const LAST: readonly string[] = [`{"text":"${"\u00e9\u{1f680}".repeat(50)}"}`, `{"text":"the very last"}`];

/** Loads a job, and leaves out its lease, which a crash may end. */
async function load(store: Store, jobId: string): Promise<StoredJob | undefined> {
  const job = await store.load(jobId);
  return job && { ...job, record: { ...job.record, heldUntil: undefined } };
}

/** Torn writes: after a crash in the middle of a write, all of the write or nothing of it is there. */
export const tearCases: readonly Case[] = SHARES.map((share) => ({
  name: `a last write cut to ${
    share * 100
  } % by a crash is stored completely or not at all, and all writes before it are`,
  async run(scope) {
    const store = await scope.open();
    await createJob(store, "other", 3);
    const claim = await createJob(store, "job", 4, { status: "paused", claim: await enter(store, "engine") });
    await sendNew(store, "job", "command");
    await store.compact(claim, 2, "snapshot at 2");
    const before = [await load(store, "other"), await load(store, "job")];
    await store.append(claim, 4, LAST, { ...HEAD, status: "torn", consumed: 1 });
    const after = await load(store, "job");
    const later = await scope.crash(share);
    const [other, job] = [await load(later, "other"), await load(later, "job")];
    checkSame(other, before[0], "the other job");
    const isThere = job?.record.revision === 6;
    check(isThere || share < 1, "a write that was not cut at all must be there");
    checkSame(job, isThere ? after : before[1], `the job, found at revision ${job?.record.revision}`);
    const revision = isThere ? 6 : 4;
    checkSame(await send(later, claim, "command", "command"), "known", "send under the key of before");
    if (!isThere) checkSame((await inboxOf(later, claim)).length, 1, "how many commands there are");
    await later.append(claim, revision, sampleEntries(revision, revision + 2));
    const last = await (await scope.reopen()).load("job");
    checkSame(last?.entries.slice(-2), sampleEntries(revision, revision + 2), "the entries appended since");
    checkSame(last?.record.revision, revision + 2, "the revision");
  },
}));
