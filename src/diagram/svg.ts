import type { FlowDocument } from "../documents/flow_schema.ts";
import type { JobDocument } from "../documents/job.ts";
import { type DiagramGraph, type DiagramOptions, graphOf, graphOfDocuments, type Look } from "./graph.ts";
import { xmlText } from "./labels.ts";
import { LABEL_HEIGHT, layOut, LINE_HEIGHT, PADDING, type PlacedEdge, type PlacedNode, type Point } from "./layout.ts";
import { COLOURS, DARK_COLOURS } from "./looks.ts";

/** How arrows are drawn that are no connections. */
const DASHES: Readonly<Record<PlacedEdge["kind"], string>> = {
  connection: "",
  failure: ' stroke-dasharray="8 3"',
  timer: ' stroke-dasharray="2 3"',
  outside: ' stroke-dasharray="5 3"',
  child: ' stroke-dasharray="10 3 2 3"',
};

/**
 * Draws a flow, or a job in it, as an SVG image: the text of one `<svg>` element, which can be a file of its own or stand in a page. It
 * has no script, and names nothing outside of it. Its style has colours for light and for dark grounds; its classes begin with
 * `routilux-`.
 *
 * @param flow the flow's parsed document
 * @throws {SerializationError} when the flow or the job is no such document, naming the path
 * @throws {TypeError} when the job is of another flow
 *
 * @example
 * ```ts
 * import { Flow, Routine } from "@routilux/routilux";
 * import { toSvg } from "@routilux/routilux/diagram";
 *
 * class Report extends Routine {}
 * const flow = new Flow({ id: "reports" });
 * flow.registry.register({ Report });
 * flow.addRoutine(new Report(), "report");
 *
 * toSvg(flow.toJSON()).startsWith("<svg"); // true
 * ```
 */
export function toSvg(flow: unknown, options: DiagramOptions = {}): string {
  const graph = graphOf(flow, options);
  const looks = new Set(graph.nodes.map(({ look }) => look));
  return write(graph, `<style>${styleOf(Array.from(looks).sort())}</style>`);
}

/** The same of documents that were checked, without its style, for pages that have `diagramStyle` in a file because their policy forbids styles within them. */
export function toBareSvg(flow: FlowDocument, job: JobDocument): string {
  return write(graphOfDocuments(flow, job), "");
}

/** The style of all diagrams. */
export function diagramStyle(): string {
  return styleOf(Object.keys(COLOURS).sort() as Look[]);
}

function write(graph: DiagramGraph, style: string): string {
  const placed = layOut(graph);
  const [width, height] = [Math.max(placed.width, 1), Math.max(placed.height, 1)];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" class="routilux-diagram" role="img" width="${width}" height="${height}" ` +
    `viewBox="0 0 ${width} ${height}">`,
    `<title>${xmlText(graph.title)}</title>`,
    ...style === "" ? [] : [style],
    '<defs><marker id="routilux-arrow" viewBox="0 0 8 8" refX="7" refY="4" markerUnits="userSpaceOnUse" markerWidth="9" markerHeight="9" orient="auto">' +
    '<path class="routilux-arrow" d="M0 0L8 4L0 8z"/></marker></defs>',
    // All labels stand on all lines: none is crossed out.
    ...placed.edges.map(writeLine),
    ...placed.edges.filter(({ label }) => label !== "").map(writeLabel),
    ...placed.nodes.map(writeNode),
    "</svg>",
    "",
  ].join("\n");
}

/** How far the second of two boxes stands behind the first. */
const STACK = 4;

function writeNode({ height, kind, lines, look, title, width, x, y }: PlacedNode): string {
  const radius = kind === "outside" ? Math.min(height / 2, 18) : 5;
  // Several jobs: a second box looks out from behind the first.
  const box = (by: number): string =>
    `<rect x="${x + by}" y="${y + by}" width="${width}" height="${height}" rx="${radius}"/>`;
  const texts = lines.map((line, index) => {
    const style = index === 0 ? ' class="routilux-title"' : "";
    const baseline = y + PADDING / 2 + LINE_HEIGHT * (index + 0.75);
    return `<text${style} x="${x + width / 2}" y="${baseline}">${xmlText(line)}</text>`;
  });
  return `<g class="routilux-node routilux-${look}"><title>${xmlText(title)}</title>` +
    `${kind === "children" ? box(STACK) : ""}${box(0)}${texts.join("")}</g>`;
}

function writeLine(edge: PlacedEdge): string {
  return `<g class="${classOf(edge)}"><path d="${curveOf(edge.points)}"${
    DASHES[edge.kind]
  } marker-end="url(#routilux-arrow)"/></g>`;
}

function writeLabel(edge: PlacedEdge): string {
  const { label, labelAt: { x, y }, labelWidth: width } = edge;
  const ground = `<rect x="${x - width / 2}" y="${y - LABEL_HEIGHT / 2}" width="${width}" height="${LABEL_HEIGHT}"/>`;
  return `<g class="${classOf(edge)}">${ground}<text x="${x}" y="${y + 3.5}">${xmlText(label)}</text></g>`;
}

function classOf({ kind, look }: PlacedEdge): string {
  return `routilux-edge routilux-${kind} routilux-edge-${look}`;
}

/** How far before and after a point its corner begins and ends. */
const MOST_ROUNDING = 24;

/** A line by way of all points, with round corners. */
function curveOf(points: readonly Point[]): string {
  const [first, ...others] = points;
  const last = others.pop();
  if (first === undefined || last === undefined) return "M0 0"; // Unreachable: an arrow begins and ends.
  let path = `M${at(first)}`;
  others.forEach((corner, index) => {
    const [before, after] = [others[index - 1] ?? first, others[index + 1] ?? last];
    path += `L${at(towards(corner, before))}Q${at(corner)} ${at(towards(corner, after))}`;
  });
  return `${path}L${at(last)}`;
}

function at({ x, y }: Point): string {
  return `${x} ${y}`;
}

/** The point at which a corner begins or ends: on the line to its neighbour, at most half-way. */
function towards(corner: Point, neighbour: Point): Point {
  const [dx, dy] = [neighbour.x - corner.x, neighbour.y - corner.y];
  const length = Math.hypot(dx, dy);
  const share = Math.min(MOST_ROUNDING / Math.max(length, 1), 0.5);
  return { x: Math.round((corner.x + dx * share) * 10) / 10, y: Math.round((corner.y + dy * share) * 10) / 10 };
}

function styleOf(looks: readonly Look[]): string {
  const rules = (colours: Readonly<Record<Look, typeof COLOURS[Look]>>) =>
    looks.map((look) => {
      const { fill, stroke, text } = colours[look];
      return `.routilux-${look} rect{fill:${fill};stroke:${stroke}}.routilux-${look} text{fill:${text}}`;
    }).join("");
  return ".routilux-diagram text{font:11px system-ui,sans-serif;text-anchor:middle;fill:#1f2937}" +
    ".routilux-diagram .routilux-title{font-weight:600;font-size:12.5px}.routilux-edge text{font-size:10px}" +
    ".routilux-edge path{fill:none;stroke:#4b5563}.routilux-edge rect{fill:#fff;opacity:.85}.routilux-arrow{fill:#4b5563}" +
    `.routilux-edge-completed path{stroke-width:1.8}${rules(COLOURS)}` +
    ".routilux-awaiting rect,.routilux-waiting rect,.routilux-missing rect{stroke-dasharray:5 3}" +
    "@media(prefers-color-scheme:dark){.routilux-diagram text{fill:#e5e7eb}.routilux-edge path{stroke:#9ca3af}" +
    `.routilux-edge rect{fill:#111827}.routilux-arrow{fill:#9ca3af}${rules(DARK_COLOURS)}}`;
}
