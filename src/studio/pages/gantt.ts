import { parseInstant } from "../../base/instant.ts";
import { labelOf, xmlText } from "../../diagram/labels.ts";
import type { JobDocument } from "../../documents/job.ts";
import { timelineOfDocument, type TimelineRow, type TimelineSpan } from "../../inspect/timeline.ts";
import { Html } from "../html.ts";
import { duration } from "./texts.ts";

const NAMES = 150;
const WIDTH = 900;
const ROW = 24;
const HEAD = 22;
const LEAST = 3;
/** The most marks of time, where the drawing is not zoomed. */
const TICKS = 8;
/** How far marks of time may be apart, in milliseconds. */
const STEPS = [1, 1_000, 60_000, 3_600_000, 86_400_000].flatMap((unit, index) =>
  (index === 0
    ? [1, 2, 5, 10, 20, 50, 100, 200, 500]
    : index === 4
    ? [1, 2, 7, 30, 100, 365, 3_650, 36_500, 365_000]
    : [1, 2, 5, 10, 30]).map((
      it,
    ) => it * unit)
);
/** The most rows, and the most spans of all rows, that are drawn: more could not be told apart. */
const MOST_ROWS = 100;
const MOST_SPANS = 1_500;
/** The wide characters of a name that fit beside its row. */
const MOST_NAME = 22;

/** A drawn timeline. */
export interface Gantt {
  readonly drawing: Html;
  /** How many of its routines and spans are not drawn. */
  readonly missing: number;
  /** How many older records of the history are gone. */
  readonly dropped: number;
}

/**
 * Draws what has happened in a job up to an instant: a row for each routine. What waits beyond it is cut off there: a deadline in a week
 * would leave no room for the rest. `zoom` makes it as many times as wide.
 */
export function drawGantt(job: JobDocument, to: string, zoom: number): Gantt {
  const { dropped, from, rows } = timelineOfDocument(job);
  const width = WIDTH * zoom;
  const [first, last] = [msOf(from), Math.max(msOf(to), msOf(from) + 1)];
  const at = (instant: string) => NAMES + (msOf(instant) - first) / (last - first) * width;
  const shown = rows.slice(0, MOST_ROWS);
  const most = Math.ceil(MOST_SPANS / Math.max(1, shown.length));
  const height = HEAD + shown.length * ROW + 4;
  const step = STEPS.find((it) => (last - first) / it <= TICKS * zoom) ?? last - first; // Unreachable default: no job is eight thousand years old.
  const ticks = Array.from({ length: Math.floor((last - first) / step) + 1 }, (_, index) => index * step);
  const lines = [
    `<svg class="gantt" role="img" aria-label="Timeline" width="${NAMES + width + 40}" height="${height}">`,
    ...ticks.map((ms) => {
      const x = (NAMES + ms / (last - first) * width).toFixed(1);
      const label = ms === 0 ? "0" : `+${duration(ms)}`;
      return `<g class="tick"><path d="M${x} ${HEAD - 4}V${height}"/><text x="${x}" y="12">${
        xmlText(label)
      }</text></g>`;
    }),
    ...shown.flatMap((row, index) => drawRow({ ...row, spans: row.spans.slice(-most) }, HEAD + index * ROW, at, to)),
    "</svg>",
  ];
  const missing = rows.slice(MOST_ROWS).length +
    shown.reduce((sum, { spans }) => sum + Math.max(0, spans.length - most), 0);
  return { drawing: new Html(lines.join("\n")), missing, dropped };
}

function drawRow({ routine, spans }: TimelineRow, y: number, at: (instant: string) => number, to: string): string[] {
  const places = new Set<string>();
  const name = Array.from(labelOf(routine));
  const label = name.length <= MOST_NAME ? name.join("") : `${name.slice(0, MOST_NAME - 1).join("")}…`;
  return [
    `<text class="row-name" x="0" y="${y + 16}">${xmlText(label)}</text>`,
    ...spans.flatMap((span) => {
      const [x, end] = [at(span.from), at(span.to === undefined || span.to > to ? to : span.to)];
      const width = Math.max(end - x, LEAST);
      const place = [span.kind, Math.round(x), Math.round(width)].join();
      // One that would stand exactly on another is not seen.
      if (places.has(place)) return [];
      places.add(place);
      const kind = span.task === undefined ? span.kind : `${span.kind} is-pending`;
      return `<rect class="span is-${kind}" x="${x.toFixed(1)}" y="${y + 5}" width="${width.toFixed(1)}" height="${
        ROW - 10
      }" rx="3"><title>${xmlText(describe(routine, span))}</title></rect>`;
    }),
  ];
}

function describe(routine: string, { error, events, from, kind, slot, task, to }: TimelineSpan): string {
  const what = task === undefined ? kind : `task ${task} (${slot}), ${kind}`;
  const more = [...events === undefined ? [] : [`emitted ${events.join(", ")}`], ...error === undefined ? [] : [error]];
  return [`${routine}: ${what}, from ${from}${to === undefined ? "" : ` to ${to}`}`, ...more].join("; ").slice(0, 500);
}

function msOf(instant: string): number {
  return parseInstant(instant) ?? 0; // Unreachable default: the schema has checked the form.
}
