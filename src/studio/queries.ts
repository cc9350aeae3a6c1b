import { parseInstant } from "../base/instant.ts";
import { JOB_STATUSES, type JobStatus } from "../job/job.ts";
import type { JobFilter, JobPage, ListQuery } from "../ports/store.ts";
import { RequestError } from "./failure.ts";
import type { StudioHost } from "./studio_host.ts";

/** The most jobs of a page. */
const MOST_JOBS = 500;

/** The number of jobs in each status, and of all. */
export interface JobCounts {
  readonly total: number;
  readonly byStatus: Readonly<Record<JobStatus, number>>;
}

/** Reads a day, or an instant in ISO 8601, in UTC, also without its seconds and as fields of browsers have it. */
export function readInstant(text: string): number | undefined {
  const long = text.replace(/^(\d{4}-\d\d-\d\d)$/, "$1T00:00:00.000Z").replace(/(T\d\d:\d\d)Z?$/, "$1:00.000Z")
    .replace(/(T\d\d:\d\d:\d\d)Z?$/, "$1.000Z").replace(/(T\d\d:\d\d:\d\d\.\d{3})$/, "$1Z");
  return parseInstant(long);
}

/** Reads the parameters of an address, each of which may be there once, except for `tag`. */
export class QueryReader {
  readonly #params: URLSearchParams;

  /** Begins with the parameters of an address. */
  constructor(params: URLSearchParams) {
    this.#params = params;
  }

  /**
   * A parameter that may be missing or empty.
   *
   * @throws {RequestError} when it is there more than once
   */
  text(name: string): string | undefined {
    const all = this.#params.getAll(name);
    if (all.length > 1) throw new RequestError(400, `${name} is given more than once`);
    return all[0] === "" ? undefined : all[0];
  }

  /**
   * A parameter that must be there.
   *
   * @throws {RequestError} when it is missing
   */
  needed(name: string): string {
    const value = this.text(name);
    if (value === undefined) throw new RequestError(400, `${name} is missing in the address`);
    return value;
  }

  /**
   * A whole number that may be missing.
   *
   * @throws {RequestError} for another text
   */
  whole(name: string): number | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    if (/^\d{1,15}$/.test(value)) return Number(value);
    throw new RequestError(400, `${name} must be a whole number of at least 0`);
  }

  /** A whole number that must be there. */
  neededWhole(name: string): number {
    this.needed(name);
    return this.whole(name) ?? 0; // Unreachable default: it is there.
  }

  /** An instant that may be missing: a day, or an instant in ISO 8601, in UTC. */
  instant(name: string): number | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    const instant = readInstant(value);
    if (instant === undefined) throw new RequestError(400, `${name} must be an instant such as 2026-01-31T12:00:00Z`);
    return instant;
  }

  /** Which jobs are meant. */
  filter(): JobFilter {
    const status = this.text("status");
    if (status !== undefined && !JOB_STATUSES.some((it) => it === status)) {
      throw new RequestError(400, `status must be one of ${JOB_STATUSES.join(", ")}`);
    }
    const tags = this.#params.getAll("tag").filter((it) => it !== "").map((it) => {
      const at = it.indexOf("=");
      if (at <= 0) throw new RequestError(400, "tag must be NAME=VALUE");
      return [it.slice(0, at), it.slice(at + 1)] as const;
    });
    return {
      flowId: this.text("flow"),
      status,
      queue: this.text("queue"),
      parentId: this.text("parent"),
      createdBefore: this.instant("createdBefore"),
      endedBefore: this.instant("endedBefore"),
      ...(tags.length === 0 ? {} : { tags: Object.fromEntries(tags) }),
    };
  }

  /** Which page of which jobs. */
  list(limit: number): ListQuery {
    const wanted = this.whole("limit") ?? limit;
    if (wanted < 1 || wanted > MOST_JOBS) throw new RequestError(400, `limit must be between 1 and ${MOST_JOBS}`);
    const order = this.text("order") ?? "newest";
    if (order !== "newest" && order !== "oldest") throw new RequestError(400, "order must be newest or oldest");
    return { ...this.filter(), limit: wanted, cursor: this.text("cursor"), newestFirst: order === "newest" };
  }
}

/**
 * A page of jobs.
 *
 * @throws {RequestError} for a cursor that no page has given
 */
export async function listJobs({ store }: StudioHost, query: ListQuery): Promise<JobPage> {
  try {
    return await store.list(query);
  } catch (error) {
    if (!(error instanceof TypeError) || query.cursor === undefined) throw error;
    throw new RequestError(400, "cursor is none that a page has given");
  }
}

/** Counts jobs by their statuses, whatever status the filter names. */
export async function countJobs({ store }: StudioHost, filter: JobFilter): Promise<JobCounts> {
  const counts = await Promise.all(
    JOB_STATUSES.map(async (status) => [status, await store.count({ ...filter, status })] as const),
  );
  const byStatus: Record<JobStatus, number> = {
    pending: 0,
    running: 0,
    paused: 0,
    completed: 0,
    failed: 0,
    cancelled: 0,
  };
  for (const [status, count] of counts) byStatus[status] = count;
  return { total: counts.reduce((sum, [, count]) => sum + count, 0), byStatus };
}
