import {
  type DiagramEdge,
  type DiagramGraph,
  type DiagramNode,
  type DiagramOptions,
  graphOf,
  type Look,
} from "./graph.ts";
import { COLOURS } from "./looks.ts";

/** What stands around the text of a box, by what it stands for. */
const SHAPES: Readonly<Record<DiagramNode["kind"], readonly [begin: string, end: string]>> = {
  routine: ["[", "]"],
  outside: ["([", "])"],
  children: ["[[", "]]"],
};

/** The links by what they stand for, around their labels. */
const LINKS: Readonly<Record<DiagramEdge["kind"], readonly [plain: string, begin: string, end: string]>> = {
  connection: ["-->", "-- ", " -->"],
  failure: ["-.->", "-. ", " .->"],
  timer: ["-.->", "-. ", " .->"],
  outside: ["-.->", "-. ", " .->"],
  child: ["==>", "== ", " ==>"],
};

/**
 * Draws a flow, or a job in it, as the text of a Mermaid flowchart.
 *
 * @param flow the flow's parsed document
 * @throws {SerializationError} when the flow or the job is no such document, naming the path
 * @throws {TypeError} when the job is of another flow
 *
 * @example
 * ```ts
 * import { Flow, Routine } from "@routilux/routilux";
 * import { toMermaid } from "@routilux/routilux/diagram";
 *
 * class Report extends Routine {
 *   readonly trigger = this.addSlot("trigger", this.write);
 *   write(): void {}
 * }
 * const flow = new Flow({ id: "reports" });
 * const report = flow.addRoutine(new Report(), "report");
 * flow.registry.register({ Report });
 * const job = flow.execute(report);
 *
 * toMermaid(flow.toJSON(), { job: job.toJSON() }).includes("1 pending"); // true
 * ```
 */
export function toMermaid(flow: unknown, options: DiagramOptions = {}): string {
  return write(graphOf(flow, options));
}

function write({ edges, nodes }: DiagramGraph): string {
  const looks = new Set(nodes.map(({ look }) => look));
  return [
    "flowchart LR",
    ...nodes.map((it) => `  ${writeNode(it)}`),
    ...edges.map((it) => `  ${writeEdge(it)}`),
    ...Array.from(looks).sort().map((it) => `  ${writeLook(it)}`),
    "",
  ].join("\n");
}

function writeNode({ kind, lines, look, name }: DiagramNode): string {
  const text = `"${lines.map(escape).join("<br/>")}"`;
  const [begin, end] = SHAPES[kind];
  return `${name}${begin}${text}${end}:::${look}`;
}

function writeEdge({ from, kind, label, to }: DiagramEdge): string {
  const [plain, begin, end] = LINKS[kind];
  return `${from} ${label === "" ? plain : `${begin}"${escape(label)}"${end}`} ${to}`;
}

function writeLook(look: Look): string {
  const { fill, stroke, text } = COLOURS[look];
  const dashed = look === "awaiting" || look === "waiting" || look === "missing" ? ",stroke-dasharray:4 3" : "";
  return `classDef ${look} fill:${fill},stroke:${stroke},color:${text}${dashed}`;
}

/**
 * Writes all characters of ASCII but letters, digits and spaces as codes: quotes would end the label, and Mermaid looks for styles,
 * entities and Markdown in it.
 */
function escape(text: string): string {
  return text.replace(/[!-/:-@[-`{-~]/g, (character) => `#${character.charCodeAt(0)};`);
}
