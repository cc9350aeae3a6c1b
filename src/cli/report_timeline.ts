import { parseInstant } from "../base/instant.ts";
import { labelOf, xmlText } from "../diagram/labels.ts";
import type { JobDocument } from "../documents/job.ts";
import { type ChildTimeline, timelineOfDocument, type TimelineRow, type TimelineSpan } from "../inspect/timeline.ts";

const NAMES = 200;
const WIDTH = 820;
const ROW = 22;
const LEAST = 3;
/** How far children stand in, and down to which depth they are drawn. */
const INDENT = 10;
const MOST_DEPTH = 8;
/** The most spans of a row that are drawn: more would stand on each other. */
const MOST_SPANS = 500;

const COLOURS: Readonly<Record<TimelineSpan["kind"], string>> = {
  ran: "#2f855a",
  failed: "#c53030",
  retried: "#b7791f",
  skipped: "#6b7280",
  active: "#1a56db",
  ready: "#60a5fa",
  parked: "#60a5fa",
  waiting: "#d69e2e",
  awaiting: "#805ad5",
};

/** Draws the timeline of a job: a row for each routine, the spans of what has run and of what is pending. */
export function timelineSvg(job: JobDocument): string {
  const { children, from, rows: own, to } = timelineOfDocument(job);
  const rows = [...own.map((row) => ({ ...row, depth: 0 })), ...children.flatMap((child) => rowsOf(child, 1))];
  const [first, last] = [msOf(from), Math.max(msOf(to), msOf(from) + 1)];
  const at = (instant: string) => NAMES + (msOf(instant) - first) / (last - first) * WIDTH;
  const height = (rows.length + 2) * ROW;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" role="img" width="${
      NAMES + WIDTH + 20
    }" height="${height}" font-size="12" ` +
    'font-family="system-ui,sans-serif" fill="currentColor"><title>Timeline</title>',
    ...rows.flatMap(({ depth, routine, spans }, index) => {
      const y = (index + 0.5) * ROW;
      return [
        `<text x="${depth * INDENT}" y="${y + 14}">${xmlText(labelOf(routine).slice(0, 28 - depth * 2))}</text>`,
        ...spans.slice(-MOST_SPANS).map((span) => {
          const [x, end] = [at(span.from), at(span.to ?? to)];
          const width = Math.max(end - x, LEAST);
          const opacity = span.task === undefined ? "" : ' fill-opacity="0.55"';
          return `<rect x="${x.toFixed(1)}" y="${y + 4}" width="${width.toFixed(1)}" height="${ROW - 8}" rx="2" ` +
            `fill="${COLOURS[span.kind]}"${opacity}><title>${xmlText(describe(routine, span))}</title></rect>`;
        }),
      ];
    }),
    `<text x="${NAMES}" y="${height - 6}">${xmlText(from)}</text>`,
    `<text x="${NAMES + WIDTH}" y="${height - 6}" text-anchor="end">${xmlText(to)}</text>`,
    "</svg>",
  ].join("\n");
}

/** A row of the drawing; children stand below their parents, further in. */
type Row = TimelineRow & { readonly depth: number };

/** A child: its flow with how long it has lived, then its routines and its own children. */
function rowsOf({ children, endedAt, flowId, from, rows, status }: ChildTimeline, depth: number): readonly Row[] {
  if (depth > MOST_DEPTH) return [];
  const kind = status === "completed"
    ? "ran"
    : status === "failed"
    ? "failed"
    : status === "cancelled"
    ? "skipped"
    : "active";
  const life: TimelineSpan = { kind, from, ...(endedAt === undefined ? {} : { to: endedAt }) };
  const inner = { depth: depth + 1 };
  return [
    { routine: `↳ ${flowId}`, spans: [life], depth },
    ...rows.map((row) => ({ ...row, ...inner })),
    ...children.flatMap((child) => rowsOf(child, depth + 1)),
  ];
}

function describe(routine: string, { error, events, from, kind, slot, task, to }: TimelineSpan): string {
  const what = task === undefined ? kind : `task ${task} (${slot}), ${kind}`;
  const more = [...events === undefined ? [] : [`emitted ${events.join(", ")}`], ...error === undefined ? [] : [error]];
  return [`${routine}: ${what}, from ${from}${to === undefined ? "" : ` to ${to}`}`, ...more].join("; ");
}

function msOf(instant: string): number {
  return parseInstant(instant) ?? 0; // Unreachable default: the schema has checked the form.
}
