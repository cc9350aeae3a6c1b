import { type FlowGraph, freezeGraph } from "../model/flow_graph.ts";
import type { ConnectionTarget } from "../model/connection.ts";
import { encodeFlow, readFlowDocument } from "./flow.ts";

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

/** Says whether a flow has a slot, by the id of its routine and its name. */
export function hasSlot({ routines }: FlowGraph, { routine, slot }: ConnectionTarget): boolean {
  return routines.get(routine)?.getSlot(slot) !== undefined;
}

/** Says whether the flow of a text has a slot, by the id of its routine and its name. */
export function hasSlotInText(text: string, { routine, slot }: ConnectionTarget): boolean {
  const routines = new Map(Object.entries(readFlowDocument(JSON.parse(text)).routines));
  return Object.hasOwn(routines.get(routine)?.slots ?? {}, slot);
}
