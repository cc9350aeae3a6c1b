import dagre from "@dagrejs/dagre";
import type { DiagramEdge, DiagramGraph, DiagramNode } from "./graph.ts";

/** A point of an image, in pixels from the upper left corner. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** A box with its place. */
export interface PlacedNode extends DiagramNode, Point {
  /** How wide it is; `x` and `y` are those of its upper left corner. */
  readonly width: number;
  readonly height: number;
}

/** An arrow with its way. */
export interface PlacedEdge extends DiagramEdge {
  /** The points that it passes, from the edge of one box to the edge of the other; the corners of the loop below a box. */
  readonly points: readonly Point[];
  /** The middle of its label. */
  readonly labelAt: Point;
  readonly labelWidth: number;
}

/** A graph on an image. */
export interface PlacedGraph {
  readonly width: number;
  readonly height: number;
  readonly nodes: readonly PlacedNode[];
  readonly edges: readonly PlacedEdge[];
}

/** The height of a line of text in a box. */
export const LINE_HEIGHT = 16;
/** The height of the label of an arrow. */
export const LABEL_HEIGHT = 14;
/** How far each further loop of a box reaches below it. */
const LOOP_HEIGHT = 34;
/** What is free around the text in a box. */
export const PADDING = 10;
const TITLE_CHARACTER = 7.6;
const CHARACTER = 6.4;
const LABEL_CHARACTER = 5.8;
/** From here on, characters are about as wide as they are high. */
const FIRST_WIDE = "\u1100";
/** Letters that are far wider than others: a name of them alone would stand out of its box. */
const WIDE_LETTERS = "mwMW@%";
const MARGIN = 12;
/** With more boxes the order within columns is not refined further: that takes time which grows much faster than the graph. */
const MOST_REFINED = 200;

/** Places the boxes and arrows of a graph, from left to right. Equal graphs get equal places. */
export function layOut({ edges, nodes }: DiagramGraph): PlacedGraph {
  const graph = new dagre.graphlib.Graph({ multigraph: true });
  graph.setGraph({ rankdir: "LR", nodesep: 24, edgesep: 14, ranksep: 36, marginx: MARGIN, marginy: MARGIN });
  // The library would place the loops of this direction beside their boxes, so they get room below them instead.
  const loopsOf = (name: string) => edges.filter(({ from, to }) => from === name && to === name);
  for (const node of nodes) {
    const { height, width } = sizeOf(node);
    const own = loopsOf(node.name);
    const widest = Math.max(width, ...own.map(({ label }) => labelWidth(label)));
    graph.setNode(node.name, { width: widest, height: height + own.length * LOOP_HEIGHT });
  }
  edges.forEach(({ from, label, to }, index) => {
    const size = label === "" ? { width: 0, height: 0 } : { width: labelWidth(label), height: LABEL_HEIGHT };
    if (from !== to) graph.setEdge(from, to, { ...size, labelpos: "c" }, String(index));
  });
  dagre.layout(graph, { disableOptimalOrderHeuristic: nodes.length > MOST_REFINED });
  const placed = new Map(nodes.map((node) => [node.name, placeNode(node, graph.node(node.name))]));
  const { height = 0, width = 0 } = graph.graph();
  return {
    width: Math.ceil(Number.isFinite(width) ? width : 0),
    height: Math.ceil(Number.isFinite(height) ? height : 0),
    nodes: Array.from(placed.values()),
    edges: edges.map((edge, index) => {
      const [from, to] = [placed.get(edge.from), placed.get(edge.to)];
      if (from !== undefined && from === to) return placeLoop(edge, from, loopsOf(edge.from).indexOf(edge));
      const { points = [], x = 0, y = 0 } = graph.edge(edge.from, edge.to, String(index));
      return placeEdge(edge, points, { x, y }, from, to);
    }),
  };
}

/** Places a box at the top of the room that it has been given. */
function placeNode(node: DiagramNode, room: { height: number; width: number; x?: number; y?: number }): PlacedNode {
  const { height, width } = sizeOf(node);
  const { x = 0, y = 0 } = room;
  return { ...node, width, height, x: round(x - width / 2), y: round(y - room.height / 2) };
}

function placeEdge(
  edge: DiagramEdge,
  points: readonly Point[],
  labelAt: Point,
  from: PlacedNode | undefined,
  to: PlacedNode | undefined,
): PlacedEdge {
  return {
    ...edge,
    points: points.map((point, index) => {
      const node = index === 0 ? from : index === points.length - 1 ? to : undefined;
      return roundPoint(node === undefined ? point : touch(node, point));
    }),
    labelAt: roundPoint(labelAt),
    labelWidth: labelWidth(edge.label),
  };
}

/** The place where an arrow touches a box that does not fill its room: at the same side, no lower than its last line. */
function touch({ height, width, x, y }: PlacedNode, point: Point): Point {
  const bottom = y + height - PADDING;
  return { x: Math.min(Math.max(point.x, x), x + width), y: Math.min(point.y, bottom) };
}

/** Places an arrow from a box to itself below the box. */
function placeLoop(edge: DiagramEdge, { height, width, x, y }: PlacedNode, index: number): PlacedEdge {
  const [left, right] = [x + width * 0.35, x + width * 0.65];
  const [top, bottom] = [y + height, y + height + (index + 1) * LOOP_HEIGHT - LABEL_HEIGHT / 2 - 4];
  return {
    ...edge,
    points: [{ x: left, y: top }, { x: left, y: bottom }, { x: right, y: bottom }, { x: right, y: top }].map(
      roundPoint,
    ),
    labelAt: roundPoint({ x: x + width / 2, y: bottom }),
    labelWidth: labelWidth(edge.label),
  };
}

function sizeOf({ lines: [title, ...others] }: DiagramNode): { readonly width: number; readonly height: number } {
  const width = Math.max(widthOf(title, TITLE_CHARACTER), ...others.map((line) => widthOf(line, CHARACTER)), 40);
  return { width: Math.ceil(width) + 2 * PADDING, height: (others.length + 1) * LINE_HEIGHT + PADDING };
}

function labelWidth(label: string): number {
  return Math.ceil(widthOf(label, LABEL_CHARACTER)) + 6;
}

/** About how wide a text is: no runtime can measure it, and so it is the same everywhere. */
function widthOf(text: string, character: number): number {
  let width = 0;
  for (const it of text) width += character * (it >= FIRST_WIDE ? 2 : WIDE_LETTERS.includes(it) ? 1.75 : 1);
  return width;
}

function roundPoint({ x, y }: Point): Point {
  return { x: round(x), y: round(y) };
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
