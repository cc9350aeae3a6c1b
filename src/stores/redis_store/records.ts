import type { JobRecord, StoredCommand, StoredJob, TakeAnswer } from "../../ports/store.ts";
import { itemsOf, numberOf, optionalNumber, optionalText, type Reply, textOf } from "./values.ts";

/** Reads a record from its fields, in the order of the script. */
export function toRecord(reply: Reply | undefined): JobRecord {
  const f = itemsOf(reply);
  return {
    jobId: textOf(f[0]),
    createdAt: numberOf(f[1]),
    flowId: textOf(f[2]),
    flowHash: textOf(f[3]),
    queue: textOf(f[4]),
    priority: numberOf(f[5]),
    tags: toTags(textOf(f[6])),
    parentId: optionalText(f[7]),
    status: textOf(f[8]),
    dueAt: optionalNumber(f[9]),
    endedAt: optionalNumber(f[10]),
    consumed: numberOf(f[11]),
    sent: numberOf(f[12]),
    revision: numberOf(f[13]),
    epoch: numberOf(f[14]),
    owner: optionalText(f[15]),
    incarnation: optionalNumber(f[16]),
    life: numberOf(f[17]),
    heldUntil: optionalNumber(f[18]),
  };
}

/** Converts tags to a field. */
export function fromTags(tags: Readonly<Record<string, string>>): string {
  return JSON.stringify(Object.entries(tags));
}

/** A list of pairs: an object would take the name `__proto__` for its prototype. */
function toTags(text: string): Readonly<Record<string, string>> {
  const pairs: readonly (readonly [string, string])[] = JSON.parse(text);
  return Object.fromEntries(pairs);
}

/** Reads a whole job. */
export function toStoredJob(reply: Reply | undefined): StoredJob {
  const [record, flow, snapshot, snapshotRevision, entries] = itemsOf(reply);
  return {
    record: toRecord(record),
    // Where somebody has deleted one, the engine is to say so of this job, and to go on with others.
    flow: optionalText(flow) ?? "",
    snapshot: optionalText(snapshot) ?? "",
    snapshotRevision: numberOf(snapshotRevision),
    entries: itemsOf(entries).map(textOf),
  };
}

/** Reads commands: the number of the first, and their keys and texts in turn. */
export function toCommands(reply: Reply | undefined): readonly StoredCommand[] {
  const [first, texts] = itemsOf(reply);
  const list = itemsOf(texts);
  return Array.from({ length: list.length / 2 }, (_, index) => ({
    sequence: numberOf(first) + index,
    key: textOf(list[2 * index]),
    text: textOf(list[2 * index + 1]),
  }));
}

/** Reads claimed jobs. */
export function toTaken(reply: Reply): TakeAnswer {
  const [now, jobs, survived] = itemsOf(reply);
  return {
    now: numberOf(now),
    jobs: itemsOf(jobs).map((it) => {
      const [former, job] = itemsOf(it);
      return { ...toStoredJob(job), formerIncarnation: optionalNumber(former) };
    }),
    survived: itemsOf(survived).map(numberOf),
  };
}
