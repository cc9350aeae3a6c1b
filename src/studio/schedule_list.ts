import { formatInstant, parseInstant } from "../base/instant.ts";
import type { JobDocument } from "../documents/job.ts";
import type { JobStatus } from "../job/job.ts";
import type { JobRecord } from "../ports/store.ts";
import { nextAfter, type Times } from "../schedules/instants.ts";
import { isRecord } from "../values/json.ts";
import { listJobs } from "./queries.ts";
import { recordJson } from "./records.ts";
import type { StudioHost } from "./studio_host.ts";

/** The flow of the jobs that are schedules. */
export const SCHEDULE_FLOW = "routilux/schedule";
/** How many schedules stand on a page. */
const SCHEDULES_OF_PAGE = 50;
/** How many of its next instants, and of its last jobs, are told. */
const MOST_TOLD = 3;

/** A schedule, as far as its job says what it is. */
export interface FoundSchedule {
  /** Its own job. */
  readonly jobId: string;
  /** Where that job stands: one that is paused starts no jobs. */
  readonly status: JobStatus;
  /** Its name; the parts of its timetable are not there when its job cannot be read. */
  readonly name?: string;
  /** When its jobs begin, as cron writes it. */
  readonly cron?: string;
  /** The time zone of the hours in `cron`. */
  readonly timeZone?: string;
  /** What becomes of instants that were missed. */
  readonly missed?: string;
  /** The next instants, in ISO 8601; none while it is paused, or when it has ended. */
  readonly next: readonly string[];
  /** The jobs that it has started last, the newest first. */
  readonly last: readonly JobRecord[];
}

/** A page of schedules, the newest first. */
export interface SchedulePage {
  readonly schedules: readonly FoundSchedule[];
  /** The cursor of the next page, if there is one. */
  readonly cursor: string | undefined;
}

/** Finds the schedules of a store. */
export async function findSchedules(host: StudioHost, cursor?: string): Promise<SchedulePage> {
  const query = { flowId: SCHEDULE_FLOW, limit: SCHEDULES_OF_PAGE, cursor, newestFirst: true };
  const page = await listJobs(host, query);
  const found = await Promise.all(page.jobs.map((it) => findSchedule(host, it)));
  return { schedules: found.filter((it) => it !== undefined), cursor: page.cursor };
}

/** A schedule as answers have it. */
export function scheduleJson({ last, ...others }: FoundSchedule): object {
  return { ...others, last: last.map(recordJson) };
}

async function findSchedule(host: StudioHost, { jobId }: JobRecord): Promise<FoundSchedule | undefined> {
  const [stored, { jobs: last }] = await Promise.all([
    host.store.load(jobId),
    host.store.list({ parentId: jobId, limit: MOST_TOLD, newestFirst: true }),
  ]);
  if (stored === undefined) return undefined;
  const { job } = host.read(stored);
  const timetable = timetableOf(job);
  const next = job.status === "pending" || job.status === "running" ? instantsOf(job, timetable, host) : [];
  return { jobId, status: job.status, ...timetable, next, last };
}

type TimetableTexts = Pick<FoundSchedule, "name" | "cron" | "timeZone" | "missed">;

/** What a schedule keeps of its timetable; before its first step, what it was started with. */
function timetableOf({ pendingTasks, routineStates = {} }: JobDocument): TimetableTexts {
  const { state } = routineStates["schedule"] ?? {};
  const kept = isRecord(state) ? state["timetable"] : pendingTasks.find(({ slot }) => slot === "trigger")?.data;
  const parts = isRecord(kept) ? kept : {};
  const names = ["name", "cron", "timeZone", "missed"] as const;
  return Object.fromEntries(names.flatMap((name) => {
    const value = parts[name];
    return typeof value === "string" ? [[name, value]] : [];
  }));
}

/** The instant that the job waits for, and those after it. */
function instantsOf(
  { pendingTasks }: JobDocument,
  { cron, timeZone }: TimetableTexts,
  { timers }: StudioHost,
): readonly string[] {
  const waited = pendingTasks.find(({ notBefore, slot }) => slot === "due" && notBefore !== undefined)?.notBefore;
  if (cron === undefined || timeZone === undefined) return waited === undefined ? [] : [waited];
  const times: Times = { cron, timeZone };
  const instants: number[] = waited === undefined ? [] : [parseInstant(waited) ?? 0]; // Unreachable default: the schema has checked it.
  while (instants.length < MOST_TOLD) {
    const next = nextOf(times, instants.at(-1) ?? timers.now());
    if (next === undefined) break;
    instants.push(next);
  }
  return instants.map(formatInstant);
}

/** The next instant; none for times that only another version of the library understands. */
function nextOf(times: Times, at: number): number | undefined {
  try {
    return nextAfter(times, at);
  } catch {
    return undefined;
  }
}
