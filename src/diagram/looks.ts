import type { RoutineSummary, TaskState } from "../inspect/summary.ts";
import type { Look } from "./graph.ts";

/** The colours of a look: of the area, the line, and the text on it. */
export interface Colours {
  /** The area. */
  readonly fill: string;
  /** The line around it. */
  readonly stroke: string;
  /** The text on it. */
  readonly text: string;
}

/** The colours by look, on a light ground. Each text has a contrast of at least 7 to its area. */
export const COLOURS: Readonly<Record<Look, Colours>> = {
  idle: { fill: "#ffffff", stroke: "#6b7280", text: "#1f2937" },
  completed: { fill: "#e7f6ec", stroke: "#2f855a", text: "#14432a" },
  skipped: { fill: "#f1f1f4", stroke: "#6b7280", text: "#1f2937" },
  continued: { fill: "#fdf3dc", stroke: "#b7791f", text: "#4a3208" },
  ready: { fill: "#e8f1fd", stroke: "#2b6cb0", text: "#12325a" },
  waiting: { fill: "#fdf3dc", stroke: "#b7791f", text: "#4a3208" },
  awaiting: { fill: "#f3eafd", stroke: "#6b46c1", text: "#3a1f74" },
  active: { fill: "#cfe4ff", stroke: "#1a56db", text: "#0b2a63" },
  failed: { fill: "#fde8e8", stroke: "#c53030", text: "#661414" },
  missing: { fill: "#fde8e8", stroke: "#c53030", text: "#661414" },
};

/** The colours by look, on a dark ground. */
export const DARK_COLOURS: Readonly<Record<Look, Colours>> = {
  idle: { fill: "#1f2937", stroke: "#9ca3af", text: "#f3f4f6" },
  completed: { fill: "#12331f", stroke: "#4ade80", text: "#dcfce7" },
  skipped: { fill: "#27272a", stroke: "#9ca3af", text: "#f3f4f6" },
  continued: { fill: "#3d2a07", stroke: "#fbbf24", text: "#fef3c7" },
  ready: { fill: "#10284a", stroke: "#60a5fa", text: "#dbeafe" },
  waiting: { fill: "#3d2a07", stroke: "#fbbf24", text: "#fef3c7" },
  awaiting: { fill: "#2e1a55", stroke: "#c4b5fd", text: "#ede9fe" },
  active: { fill: "#123a7a", stroke: "#93c5fd", text: "#eff6ff" },
  failed: { fill: "#4a1414", stroke: "#f87171", text: "#fee2e2" },
  missing: { fill: "#4a1414", stroke: "#f87171", text: "#fee2e2" },
};

/** How a routine looks by its worst outcome, where it has nothing to do. */
const OUTCOMES: Readonly<Record<NonNullable<RoutineSummary["status"]>, Look>> = {
  failed: "failed",
  error_continued: "continued",
  skipped: "skipped",
  completed: "completed",
};

/** How a routine looks by what its tasks do, the most important first. */
const STATES: readonly (readonly [TaskState, Look])[] = [
  ["active", "active"],
  ["awaiting", "awaiting"],
  ["waiting", "waiting"],
  ["ready", "ready"],
  ["parked", "ready"],
];

/** How a routine looks: a failure that stands comes first, then what its tasks do, then its outcome. */
export function lookOf(summary: RoutineSummary | undefined): Look {
  if (summary === undefined) return "idle";
  const { status, tasks } = summary;
  if (status === "failed") return "failed";
  const [, look] = STATES.find(([state]) => tasks[state] !== undefined) ?? [];
  return look ?? (status === undefined ? "idle" : OUTCOMES[status]);
}

/** What a routine's tasks do, in at most two lines. */
export function tallyOf(summary: RoutineSummary | undefined): string[] {
  if (summary === undefined) return [];
  const { failed, retries, status, tasks } = summary;
  const pending = (tasks.ready ?? 0) + (tasks.parked ?? 0);
  const counts = [
    [tasks.active, "active"],
    [pending, "pending"],
    [tasks.waiting, "waiting"],
    [tasks.awaiting, "awaiting"],
    [failed, "failed"],
    [retries, "retry", "retries"],
  ] as const;
  const texts = counts.flatMap(([count = 0, one, several]) => count === 0 ? [] : [counted(count, one, several)]);
  return [
    ...status === undefined ? [] : [status.replace("_", ", ")],
    ...texts.length === 0 ? [] : [texts.join(", ")],
  ];
}

/** A number with its word. */
export function counted(count: number, one: string, several: string = one): string {
  return `${count} ${count === 1 ? one : several}`;
}

/** An instant as people read it, in UTC, to the minute. */
export function instantLabel(instant: string): string {
  return instant.replace("T", " ").replace(/:\d\d\.\d{3}Z$/, " UTC");
}
