import {
  checkFlag,
  checkInteger,
  checkOptions,
  checkRange,
  checkTags,
  checkText,
  checkWord,
  type OptionNames,
} from "./base/options.ts";
import { JOB_STATUSES } from "./job/job.ts";
import type { JobFilter, ListQuery } from "./ports/store.ts";

const FILTER: OptionNames<JobFilter> = {
  flowId: true,
  status: true,
  queue: true,
  tags: true,
  parentId: true,
  createdBefore: true,
  endedBefore: true,
};
const LIST: OptionNames<ListQuery> = { ...FILTER, limit: true, cursor: true, newestFirst: true };

/**
 * Checks by what jobs are chosen: for a status that there is not, a store would find nothing.
 *
 * @throws {TypeError} for an unknown option, a word that is none, and what is no text
 * @throws {RangeError} for a number out of range
 */
export function checkQuery(action: string, query: ListQuery, isList: boolean): void {
  checkOptions<JobFilter>(action, query, isList ? LIST : FILTER);
  const { status, tags, createdBefore, endedBefore, limit, newestFirst } = query;
  if (status !== undefined) checkWord(action, "status", status, JOB_STATUSES);
  if (tags !== undefined) checkTags(action, tags);
  for (const name of ["flowId", "queue", "parentId"] as const) checkText(action, name, query[name]);
  for (const [name, at] of Object.entries({ createdBefore, endedBefore })) {
    if (at !== undefined) checkRange(action, name, at, -Infinity, Infinity);
  }
  if (limit !== undefined) checkInteger(action, "limit", limit);
  checkFlag(action, "newestFirst", newestFirst);
}
