import { hasLease } from "../../ports/lease_kit.ts";
import type { ClaimQuery, Incarnation, JobRecord, NextDueQuery, TakeAnswer, TakeQuery } from "../../ports/store.ts";
import { isPermitted } from "../../ports/permit_kit.ts";
import { dueOfAll, dueSince, holdersOf, isAskedFor, isFreeFor, nextDueOfAll } from "../../ports/store_kit.ts";
import type { Queries } from "./queries.ts";
import { findLife, loadLife, recordsOf } from "./jobs.ts";
import { endLeaseOf, ownerOf, survivedIn } from "./owners.ts";
import { queueOf } from "./permits.ts";
import { toLimit } from "./rows.ts";
import * as sql from "./statements.ts";
import { toColumn } from "./text.ts";

/** Claims jobs that are due. */
export function takeDue(queries: Queries, query: TakeQuery): TakeAnswer {
  return claimAll(queries, query, () => {
    const { permit } = query;
    return isPermitted(permit && queueOf(queries, permit.queue), query) ? dueJobs(queries, query) : [];
  });
}

/** Claims the given jobs. */
export function claimGiven(queries: Queries, query: ClaimQuery): TakeAnswer {
  return claimAll(queries, query, () =>
    query.jobs.flatMap(({ life, epoch }) => {
      const record = findLife(queries, life);
      return record?.epoch === epoch && isFreeFor(record, query, query.now) ? [record] : [];
    }));
}

/** The instant from which a job is due, now or later. */
export function nextDueIn(queries: Queries, query: NextDueQuery): number | undefined {
  const { exceptJobs = new Set() } = query;
  const firsts = firstsOf(queries, query).flatMap((first) =>
    exceptJobs.has(first.jobId) ? membersOf(queries, first, 1, exceptJobs) : [first]
  );
  return nextDueOfAll(firsts, query);
}

function claimAll(
  queries: Queries,
  { owner, incarnation, now }: Incarnation & { readonly now: number },
  choose: () => readonly JobRecord[],
): TakeAnswer {
  const mayClaim = hasLease(ownerOf(queries, owner), incarnation, now);
  const chosen = mayClaim ? choose() : [];
  for (const former of holdersOf(chosen)) endLeaseOf(queries, former, now);
  const jobs = chosen.map(({ life, incarnation: formerIncarnation }) => {
    queries.run(sql.CLAIM, life, toColumn(owner), incarnation);
    return { ...loadLife(queries, life), formerIncarnation };
  });
  return { now, jobs, survived: survivedIn(queries) };
}

/** The jobs that `take` claims: groups of a smaller priority first, and no more of them than are needed. */
function dueJobs(queries: Queries, query: TakeQuery): readonly JobRecord[] {
  const { limit, exceptJobs = new Set() } = query;
  const firsts = firstsOf(queries, query).filter((first) => dueSince(first, query.now) !== undefined);
  const due: JobRecord[] = [];
  for (const priority of new Set(firsts.map((first) => first.priority).sort((a, b) => a - b))) {
    if (due.length >= limit) break;
    const rest = limit - due.length;
    const found = firsts.filter((first) => first.priority === priority)
      .flatMap((first) => membersOf(queries, first, rest, exceptJobs));
    due.push(...dueOfAll(found, { ...query, limit: rest }));
  }
  return due;
}

/** The first job of each group that is asked for. When it is not due, none of its group is. */
function firstsOf(queries: Queries, query: NextDueQuery): readonly JobRecord[] {
  return recordsOf(queries, sql.FIRST_OF_GROUPS).filter((first) =>
    isAskedFor(first, { ...query, exceptJobs: undefined })
  );
}

/**
 * The first jobs of the group of a job, so many that `wanted` are among them that are not left out, if the group has them. Most of those
 * that are left out are in other groups: an engine has them already.
 */
function membersOf(
  queries: Queries,
  { life }: JobRecord,
  wanted: number,
  exceptJobs: ReadonlySet<string>,
): readonly JobRecord[] {
  for (let limit = wanted;; limit *= 2) {
    const members = recordsOf(queries, sql.GROUP_MEMBERS, life, toLimit(limit));
    const others = members.filter(({ jobId }) => !exceptJobs.has(jobId));
    if (members.length < limit || others.length >= wanted) return members;
  }
}
