import type { AppendHead, DueQuery, JobClaim, NewJob, SendAnswer } from "../../ports/store.ts";
import { fromTags } from "./records.ts";
import { listOf, optional, type Reply, toWire } from "./values.ts";

const NONE: ReadonlySet<string> = new Set();

/** When something is due, if it is, and whether that is at once. */
function dueArguments(dueAt: number | undefined, now: number): readonly string[] {
  return [...optional(dueAt), dueAt === now ? "1" : "0"];
}

/** A job to be created. */
export function jobArguments(job: NewJob): readonly string[] {
  const { token, flow, snapshot, jobId, createdAt, flowId, flowHash, queue, priority, tags, parentId, status } = job;
  const { dueAt, endedAt, claim } = job;
  return [
    ...[token, flow, snapshot, jobId].map(toWire),
    String(createdAt),
    ...[flowId, flowHash, queue].map(toWire),
    String(priority),
    fromTags(tags),
    ...optional(parentId),
    toWire(status),
    ...dueArguments(dueAt, createdAt),
    ...[endedAt, claim?.owner].flatMap(optional),
    ...claim === undefined ? [] : [String(claim.incarnation)],
  ];
}

/** Entries and a head; `call` names the call. */
export function appendArguments(
  { jobId, life, epoch }: JobClaim,
  expectedRevision: number,
  call: string,
  entries: readonly string[],
  head: AppendHead | undefined,
): readonly string[] {
  const args = [toWire(jobId), String(life), String(epoch), String(expectedRevision), call, String(entries.length)];
  for (const entry of entries) args.push(toWire(entry));
  if (head === undefined) return [...args, "0"];
  const { status, dueAt, endedAt, consumed, at, releases, refused = [] } = head;
  return [
    ...args,
    "1",
    toWire(status),
    ...dueArguments(dueAt, at),
    ...optional(endedAt),
    String(consumed),
    releases ? "1" : "0",
    String(refused.length),
    ...refused.flatMap(({ sequence, reason }) => [String(sequence), toWire(reason)]),
  ];
}

/** Which jobs are asked for. */
export function filterArguments(
  { flows, queues, exceptFlows = NONE, exceptJobs = NONE, unread }: DueQuery,
): readonly string[] {
  const filters = [flows, queues].flatMap((it) => it === undefined ? ["0"] : ["1", ...listOf(it)]);
  return [...filters, ...listOf(exceptFlows), ...listOf(exceptJobs), unread === true ? "1" : "0"];
}

const SEND_ANSWERS = [
  "stored",
  "known",
  "differs",
  "ended",
  "full",
  "unknown",
] as const satisfies readonly SendAnswer[];

/** What has become of a command. */
export function sendAnswerOf(reply: Reply | undefined): SendAnswer {
  const answer = SEND_ANSWERS.find((it) => it === reply);
  if (answer === undefined) throw new TypeError(`Redis has answered ${reply} to a command`);
  return answer;
}
