import type { Job } from "../../job/job.ts";
import type { FlowGraph } from "../../model/flow_graph.ts";

/**
 * Whether the commits of a job may come in another order when it goes on from an older state: then ids name no task for good. `mode` is
 * that of its store.
 */
export function needsKeys({ settings }: Job, graph: FlowGraph, mode: "strict" | "relaxed" | undefined): boolean {
  return (settings.executionStrategy ?? graph.executionStrategy) === "concurrent" || mode === "relaxed";
}
