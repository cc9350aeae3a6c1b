/**
 * Diagrams of flows, and of the jobs in them: as Mermaid text, which many places that show Markdown draw; as DOT, for Graphviz; or as
 * an SVG image. All of it needs the parsed documents alone, and the same documents give the same text everywhere.
 *
 * With a job, each routine shows its tasks and its worst outcome, each connection how many of its deliveries the history has kept, and
 * each slot whose answer the job waits for until when. What users have named is escaped, and shortened where it is long.
 *
 * @example
 * ```ts
 * import { Flow, Routine } from "@routilux/routilux";
 * import { toMermaid } from "@routilux/routilux/diagram";
 *
 * class Source extends Routine {
 *   readonly trigger = this.addSlot("trigger", this.send);
 *   readonly output = this.addEvent("output");
 *   send(): void {}
 * }
 * class Sink extends Routine {
 *   readonly input = this.addSlot("input", this.take);
 *   take(): void {}
 * }
 * const flow = new Flow({ id: "example" });
 * flow.registry.register({ Source, Sink });
 * const source = flow.addRoutine(new Source(), "source");
 * const sink = flow.addRoutine(new Sink(), "sink");
 * flow.connect(source.output, sink.input);
 *
 * toMermaid(flow.toJSON()).split("\n")[0]; // "flowchart LR"
 * ```
 *
 * @module
 */
export { toDot } from "./dot.ts";
export type { DiagramOptions } from "./graph.ts";
export { toMermaid } from "./mermaid.ts";
export { toSvg } from "./svg.ts";
