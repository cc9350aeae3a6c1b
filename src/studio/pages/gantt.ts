import { parseInstant } from "../../base/instant.ts";
import { labelOf, xmlText } from "../../diagram/labels.ts";
import type { JobDocument } from "../../documents/job.ts";
import { type ChildTimeline, timelineOfDocument, type TimelineRow, type TimelineSpan } from "../../inspect/timeline.ts";
import { Html } from "../html.ts";
import { duration } from "./texts.ts";

/** The pixels that a wide window has for the bars, where the drawing is not zoomed; all places are parts of the width that there is. */
const WIDTH = 900;
/** The edge of the bars, beyond which the names stand: the style leaves as much room there. */
const NAMES = -150;
const ROW = 24;
const HEAD = 22;
/** The least width of a bar, in hundredths of the width. */
const LEAST = 0.3;
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
/** The most spans of a child, which has but one row. */
const MOST_CHILD_SPANS = 200;
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

/** What is drawn beside the job itself. */
export interface GanttOptions {
  /** Up to when. What waits beyond it is cut off there: a deadline in a week would leave no room for the rest. */
  readonly to: string;
  /** How many times as wide it is. */
  readonly zoom: number;
  /** The jobs that the job has started. */
  readonly children: readonly ChildTimeline[];
  /** The address of a job's timeline. */
  readonly addressOf: (jobId: string) => string;
}

/**
 * Draws what has happened in a job up to an instant: a row for each routine, then one for each job that it has started, which leads to
 * that job's own timeline.
 */
export function drawGantt(job: JobDocument, { addressOf, children: given, to, zoom }: GanttOptions): Gantt {
  const { children, dropped, from, rows } = timelineOfDocument(job, given);
  const [first, last] = [msOf(from), Math.max(msOf(to), msOf(from) + 1)];
  const place: Place = { at: (instant) => (msOf(instant) - first) / (last - first) * 100, least: LEAST / zoom, to };
  const shown = rows.slice(0, MOST_ROWS);
  const most = Math.ceil(MOST_SPANS / Math.max(1, shown.length));
  const begun = children.filter((it) => it.from <= to);
  const height = HEAD + (shown.length + begun.length) * ROW + 4;
  const step = STEPS.find((it) => (last - first) / it <= TICKS * zoom) ?? last - first; // Unreachable default: no job is eight thousand years old.
  const ticks = Array.from({ length: Math.floor((last - first) / step) + 1 }, (_, index) => index * step);
  const lines = [
    `<svg class="gantt by-${zoom}" role="${
      begun.length === 0 ? "img" : "group"
    }" aria-label="Timeline" height="${height}">`,
    ...ticks.map((ms) => {
      const x = percent(ms / (last - first) * 100);
      const label = ms === 0 ? "0" : `+${duration(ms)}`;
      return `<g class="tick"><line x1="${x}" y1="${HEAD - 4}" x2="${x}" y2="${height}"/><text x="${x}" y="12">${
        xmlText(label)
      }</text></g>`;
    }),
    ...shown.flatMap((row, index) => drawRow({ ...row, spans: row.spans.slice(-most) }, HEAD + index * ROW, place)),
    ...begun.flatMap((it, index) => {
      const y = HEAD + (shown.length + index) * ROW;
      return drawChild(it, { y, name: nameOfChild(it, job.jobId), address: addressOf(it.jobId) }, place);
    }),
    "</svg>",
  ];
  const missing = rows.slice(MOST_ROWS).length +
    shown.reduce((sum, { spans }) => sum + Math.max(0, spans.length - most), 0);
  return { drawing: new Html(lines.join("\n")), missing, dropped };
}

/** Where bars stand: in hundredths of the width, however wide the window is. */
interface Place {
  /** Where an instant is. */
  readonly at: (instant: string) => number;
  /** The least width of a bar. */
  readonly least: number;
  /** Up to when it is drawn. */
  readonly to: string;
}

function percent(part: number): string {
  return `${Number(part.toFixed(3))}%`;
}

function drawRow({ routine, spans }: TimelineRow, y: number, place: Place): string[] {
  return [
    `<text class="row-name" x="${NAMES}" y="${y + 16}">${nameOf(routine)}</text>`,
    ...drawSpans(spans.map((span) => ({ routine, span })), { y: y + 5, height: ROW - 10 }, place),
  ];
}

/** A child: how long it has lived, and in it what has happened there, as a link to its own timeline. */
function drawChild(
  child: ChildTimeline,
  { address, name, y }: { readonly address: string; readonly name: string; readonly y: number },
  place: Place,
): string[] {
  const { at, least, to } = place;
  const { from, jobId, rows } = child;
  // In the past it had not ended yet.
  const endedAt = child.endedAt === undefined || child.endedAt > to ? undefined : child.endedAt;
  const status = child.endedAt === endedAt ? child.status : "running";
  const x = at(from);
  const width = Math.max(at(endedAt ?? to) - x, least);
  // What is seen stands first: who says it to a program means this link.
  const shown = cut(name, MOST_NAME - 2);
  const what = `${shown}: child ${jobId}, ${status}, from ${from}${endedAt === undefined ? "" : ` to ${endedAt}`}`
    .slice(0, 500);
  const spans = rows.flatMap(({ routine, spans }) => spans.map((span) => ({ routine, span }))).slice(-MOST_CHILD_SPANS);
  return [
    `<a href="${xmlText(address)}" aria-label="${xmlText(what)}"><text class="row-name" x="${NAMES}" y="${y + 16}">↳ ${
      xmlText(shown)
    }</text>`,
    `<rect class="life is-${status}" x="${percent(x)}" y="${y + 3}" width="${percent(width)}" height="${
      ROW - 6
    }" rx="4"><title>${xmlText(what)}</title></rect>`,
    ...drawSpans(spans.filter(({ span }) => span.from <= to), { y: y + 8, height: ROW - 16 }, place),
    "</a>",
  ];
}

/** Children of one flow are told apart by what their ids have beyond that of their parent. */
function nameOfChild({ flowId, jobId }: ChildTimeline, parentId: string): string {
  return jobId.startsWith(`${parentId}/`) ? `${flowId} ${jobId.slice(parentId.length + 1)}` : flowId;
}

function drawSpans(
  all: readonly { readonly routine: string; readonly span: TimelineSpan }[],
  { height, y }: { readonly height: number; readonly y: number },
  { at, least, to }: Place,
): string[] {
  const places = new Set<string>();
  const pixels = LEAST / least * WIDTH / 100;
  return all.flatMap(({ routine, span }) => {
    const [x, end] = [at(span.from), at(span.to === undefined || span.to > to ? to : span.to)];
    const width = Math.max(end - x, least);
    const place = [span.kind, Math.round(x * pixels), Math.round(width * pixels)].join();
    // One that would stand exactly on another is not seen.
    if (places.has(place)) return [];
    places.add(place);
    const kind = span.task === undefined ? span.kind : `${span.kind} is-pending`;
    return `<rect class="span is-${kind}" x="${percent(x)}" y="${y}" width="${
      percent(width)
    }" height="${height}" rx="3"><title>${xmlText(describe(routine, span))}</title></rect>`;
  });
}

function nameOf(text: string): string {
  return xmlText(cut(text, MOST_NAME));
}

/** A text as long as there is room for it. */
function cut(text: string, most: number): string {
  const name = Array.from(labelOf(text));
  return name.length <= most ? name.join("") : `${name.slice(0, most - 1).join("")}…`;
}

function describe(routine: string, { error, events, from, kind, slot, task, to }: TimelineSpan): string {
  const what = task === undefined ? kind : `task ${task} (${slot}), ${kind}`;
  const more = [...events === undefined ? [] : [`emitted ${events.join(", ")}`], ...error === undefined ? [] : [error]];
  return [`${routine}: ${what}, from ${from}${to === undefined ? "" : ` to ${to}`}`, ...more].join("; ").slice(0, 500);
}

function msOf(instant: string): number {
  return parseInstant(instant) ?? 0; // Unreachable default: the schema has checked the form.
}
