import { StateError } from "../../mod.ts";
import type { JobDocument } from "../../src/documents/mod.ts";
import { apply } from "../../src/job/apply.ts";
import type { Commit } from "../../src/job/commit.ts";
import type { Job } from "../../src/job/job.ts";
import type { Claim, ClaimDocument } from "../../src/documents/claim.ts";
import { encodeClaim, encodeCommit } from "../../src/documents/commit.ts";
import type { CommitDocument } from "../../src/documents/commit_documents.ts";
import { decodeJob, encodeJob } from "../../src/documents/job.ts";
import { nonEmpty } from "./families.ts";
import { CLAIMS, createJob, JOURNAL, readEntry } from "../support/sample_journal.ts";
import type { Trial } from "./campaign.ts";
import { canonical, isEmpty, record, withoutEmpty } from "./normal_job.ts";
import { checkRefusal, demand, parse } from "./refusal.ts";

type JournalText = readonly [text: string, before: number];

/** The texts of a journal's commits, each with how many come before it. */
export const COMMITS: readonly [JournalText, ...JournalText[]] = nonEmpty([
  ...JOURNAL.map((
    make,
    before,
  ): JournalText => [JSON.stringify(encodeCommit(make(jobAfter(before)), before + 1)), before]),
  ...CLAIMS.map((claim): JournalText => [JSON.stringify(encodeClaim(claim)), JOURNAL.length]),
]);

/** Tries a mangled commit on the job that the ones before it have made. */
export class CommitTrial implements Trial {
  readonly #text: string;
  readonly #job: Job;

  constructor(text: string, before: number) {
    this.#text = text;
    this.#job = jobAfter(before);
  }

  begin(): string {
    const parsed = parse(this.#text);
    if (parsed === undefined) return "no JSON";
    const job = this.#job;
    const before = JSON.stringify(encodeJob(job));
    let written: string;
    try {
      const entry = readEntry(parsed.json, job);
      written = JSON.stringify(write(entry, parsed.json));
      if (entry.kind !== "claim") apply(job, entry);
    } catch (error) {
      demand(JSON.stringify(encodeJob(job)) === before, "the commit was refused, and has changed the job");
      if (!(error instanceof StateError)) checkRefusal(error, "routilux/commit", parsed.json);
      return "refused";
    }
    demand(normalCommit(parsed.json) === normalCommit(JSON.parse(written)), `lost on the way: ${written}`);
    const text = JSON.stringify(encodeJob(job));
    demand(JSON.stringify(encodeJob(decodeJob(JSON.parse(text)))) === text, `it has left another job: ${text}`);
    checkTasks(JSON.parse(before), JSON.parse(text), parsed.json);
    return "is a commit";
  }

  end(): Promise<string> {
    return Promise.resolve("is a commit");
  }
}

/** Which command a commit comes of is for those who read journals. */
function write(entry: Commit | Claim, document: unknown): CommitDocument | ClaimDocument {
  if (entry.kind === "claim") return encodeClaim(entry);
  const { consumed } = record(document);
  return encodeCommit(entry, typeof consumed === "number" ? consumed : undefined);
}

/** The job that so many commits of the journal have made. */
export function jobAfter(count: number): Job {
  const job = createJob();
  for (const make of JOURNAL.slice(0, count)) apply(job, make(job));
  return job;
}

/** Every task that was there or is new is there once; only the commit's own may have ended, and those that it takes back. */
function checkTasks(before: JobDocument, after: JobDocument, commit: unknown): void {
  const idsOf = ({ pendingTasks, failures = [] }: JobDocument) =>
    [...pendingTasks, ...failures.map((it) => it.task)].map(({ id }) => id);
  const { task, outcome, created, effects } = record(commit);
  const withdrawn: unknown = isEmpty(effects) ? [] : record(effects)["withdrawn"];
  const made = Array.isArray(created)
    ? created.map((it) => record(it)["id"])
    : isEmpty(task)
    ? []
    : [record(task)["id"]];
  const expected = [...idsOf(before), ...made].filter((id) =>
    typeof id === "number" && (outcome !== "done" || id !== task) &&
    !(Array.isArray(withdrawn) && withdrawn.includes(id))
  );
  const there = idsOf(after);
  demand(new Set(there).size === there.length, `tasks are there twice: ${there}`);
  const lost = expected.find((id) => !there.some((it) => it === id));
  demand(lost === undefined, `task ${lost} is lost`);
  demand(there.every((id) => id < after.nextTaskId), `ids will be given again: ${there}`);
}

/** What reading and writing a commit may change: the order of the library's keys, and lists that are empty. */
function normalCommit(document: unknown): string {
  const { active, effects, created, records, migrated, tried, ...commit } = record(document);
  const withoutLists = (list: unknown) =>
    Array.isArray(list) ? list.map((it) => withoutEmpty(record(it), isEmpty)) : [];
  const lists = { active, created, records, migrated: withoutLists(migrated), tried: withoutLists(tried) };
  return canonical({
    ...commit,
    ...withoutEmpty(lists, isEmpty),
    ...(effects === undefined ? {} : { effects: withoutEmpty(record(effects), isEmpty) }),
  });
}
