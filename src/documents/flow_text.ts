import { type FlowGraph, freezeGraph } from "../model/flow_graph.ts";
import { encodeFlow } from "./flow.ts";

const texts: WeakMap<FlowGraph, string> = new WeakMap();

/**
 * The text of a flow's document, as it is stored with each of the flow's jobs: from now on the flow's structure is frozen.
 *
 * @throws {TypeError} for a routine that another process could not build
 */
export function flowTextOf(graph: FlowGraph): string {
  const known = texts.get(graph);
  if (known !== undefined) return known;
  const text = JSON.stringify(encodeFlow(graph));
  freezeGraph(graph);
  texts.set(graph, text);
  return text;
}
