import { joinPath } from "../base/path.ts";
import type { DroppedCounts, JobDocument } from "../documents/job.ts";
import type { JsonValue } from "../values/json.ts";
import type { JobDifference } from "./diff.ts";
import { equalsJson } from "./json_difference.ts";

/** The lists to which jobs only append, and which drop their oldest entries, with the names of one entry and of several. */
const LISTS: Readonly<Record<Exclude<keyof DroppedCounts, "failures">, readonly [one: string, several: string]>> = {
  executionHistory: ["record of the history", "records of the history"],
  outputLog: ["output", "outputs"],
  sharedLog: ["entry of the log", "entries of the log"],
  pausePoints: ["pause", "pauses"],
};

type ListName = keyof typeof LISTS;

/** An entry of a bounded list is known by its position since the beginning, the dropped ones counted. */
interface BoundedList {
  readonly dropped: number;
  readonly entries: readonly unknown[];
}

/** The differences of the lists to which jobs append. */
export function diffLists(before: JobDocument, after: JobDocument): JobDifference[] {
  return (Object.keys(LISTS) as ListName[]).flatMap((name) =>
    diffList(name, listOf(before, name), listOf(after, name))
  );
}

function listOf(document: JobDocument, name: ListName): BoundedList {
  return { dropped: document.dropped?.[name] ?? 0, entries: document[name] ?? [] };
}

function diffList(name: ListName, before: BoundedList, after: BoundedList): JobDifference[] {
  const [oldEnd, end] = [before.dropped + before.entries.length, after.dropped + after.entries.length];
  const differences: JobDifference[] = [];
  for (let at = Math.max(before.dropped, after.dropped); at < Math.min(oldEnd, end); at++) {
    const [old, present] = [before.entries[at - before.dropped], after.entries[at - after.dropped]];
    if (equalsJson(old, present)) continue;
    const path = joinPath(name, [at - after.dropped]);
    const message = `${LISTS[name][0]} ${at + 1} changed`;
    differences.push({ path, message, before: old as JsonValue, after: present as JsonValue });
  }
  const added = after.entries.slice(Math.max(0, oldEnd - after.dropped)) as JsonValue[];
  if (end > oldEnd) {
    const path = joinPath(name, [Math.max(0, oldEnd - after.dropped)]);
    differences.push({ path, message: `${count(name, end - oldEnd)} added`, after: added });
  }
  const removed = before.entries.slice(Math.max(0, end - before.dropped)) as JsonValue[];
  if (end < oldEnd) differences.push({ path: name, message: `${count(name, oldEnd - end)} removed`, before: removed });
  return [...differences, ...diffDropped(name, before.dropped, after.dropped)];
}

/** The difference of how many entries a list has dropped. */
export function diffDropped(name: keyof DroppedCounts, before: number = 0, after: number = 0): JobDifference[] {
  if (before === after) return [];
  const path = `dropped.${name}`;
  return [{ path, message: `${path} changed from ${before} to ${after}`, before, after }];
}

function count(name: ListName, number: number): string {
  return number === 1 ? `1 ${LISTS[name][0]} was` : `${number} ${LISTS[name][1]} were`;
}
