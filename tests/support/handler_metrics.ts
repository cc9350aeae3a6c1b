import type { EngineEvent, ErrorData } from "../../mod.ts";

/** One finished run of a handler. */
export interface Run {
  readonly routine: string;
  readonly startedAt: number;
  readonly endedAt: number;
  readonly outcome: string;
  readonly error?: ErrorData;
}

/** The totals of many runs; durations in milliseconds. */
export interface Summary {
  readonly total: number;
  readonly completed: number;
  readonly failed: number;
  readonly successRate: number;
  readonly sumMs: number;
  readonly minMs: number;
  readonly maxMs: number;
}

/** The handler runs that can be read from an observer's events, as a user's metrics would. */
export function runsOf(events: readonly EngineEvent[]): Run[] {
  const runs: Run[] = [];
  const open = new Map<string, number>();
  for (const event of events) {
    if (event.type !== "start" && event.type !== "task") continue;
    const key = `${event.jobId} ${event.task}`;
    if (event.type === "start") open.set(key, event.at);
    const startedAt = open.get(key);
    if (event.type === "start" || event.outcome === "step" || startedAt === undefined) continue;
    const { routine, outcome, error, at: endedAt } = event;
    runs.push({ routine, startedAt, endedAt, outcome, ...(error === undefined ? {} : { error }) });
    open.delete(key);
  }
  return runs;
}

/** Adds up runs. */
export function summarize(runs: readonly Run[]): Summary {
  const times = runs.map(({ startedAt, endedAt }) => endedAt - startedAt);
  const completed = runs.filter(({ outcome }) => outcome === "done").length;
  return {
    total: runs.length,
    completed,
    failed: runs.length - completed,
    successRate: runs.length === 0 ? 0 : completed / runs.length,
    sumMs: times.reduce((sum, time) => sum + time, 0),
    minMs: times.length === 0 ? 0 : Math.min(...times),
    maxMs: Math.max(...times, 0),
  };
}
