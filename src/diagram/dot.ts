import { type DiagramEdge, type DiagramNode, type DiagramOptions, graphOf } from "./graph.ts";
import { labelOf } from "./labels.ts";
import { COLOURS } from "./looks.ts";

/**
 * Draws a flow, or a job in it, as a graph in the language of Graphviz.
 *
 * @param flow the flow's parsed document
 * @throws {SerializationError} when the flow or the job is no such document, naming the path
 * @throws {TypeError} when the job is of another flow
 *
 * @example
 * ```ts
 * import { Flow, Routine } from "@routilux/routilux";
 * import { toDot } from "@routilux/routilux/diagram";
 *
 * class Report extends Routine {}
 * const flow = new Flow({ id: "reports" });
 * flow.registry.register({ Report });
 * flow.addRoutine(new Report(), "report");
 *
 * toDot(flow.toJSON()).split("\n")[0]; // 'digraph "reports" {'
 * ```
 */
export function toDot(flow: unknown, options: DiagramOptions = {}): string {
  const { edges, nodes, title } = graphOf(flow, options);
  return [
    `digraph ${quote([labelOf(title)])} {`,
    "  rankdir=LR;",
    '  node [shape=box, style="rounded,filled", fontname="sans-serif", fontsize=11];',
    '  edge [fontname="sans-serif", fontsize=9];',
    ...nodes.map((it) => `  ${writeNode(it)}`),
    ...edges.map((it) => `  ${writeEdge(it)}`),
    "}",
    "",
  ].join("\n");
}

/** How boxes look by what they stand for, beside their colours. */
const SHAPES: Readonly<Record<DiagramNode["kind"], string>> = {
  routine: "",
  outside: ", shape=ellipse, style=filled",
  children: ", peripheries=2",
};

function writeNode({ kind, lines, look, name }: DiagramNode): string {
  const { fill, stroke, text } = COLOURS[look];
  const shape = SHAPES[kind];
  return `${name} [label=${quote(lines)}, fillcolor="${fill}", color="${stroke}", fontcolor="${text}"${shape}];`;
}

function writeEdge({ from, kind, label, look, to }: DiagramEdge): string {
  const { stroke } = COLOURS[look];
  const line = kind === "connection" ? "solid" : kind === "child" ? "bold" : "dashed";
  return `${from} -> ${to} [label=${quote([label])}, color="${stroke}", style=${line}];`;
}

/** Lines of text as one quoted string: Graphviz reads backslashes and entities in it. */
function quote(lines: readonly string[]): string {
  const escaped = lines.map((line) => line.replace(/[\\"]/g, "\\$&").replaceAll("&", "&amp;"));
  return `"${escaped.join("\\n")}"`;
}
