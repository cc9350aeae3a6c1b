import { parseText } from "../documents/envelope.ts";
import { decodeFlow } from "../documents/flow.ts";
import { FlowGraph } from "../model/flow_graph.ts";
import type { Registry } from "../values/registry.ts";
import type { EngineHost } from "./execution/engine_host.ts";
import { InnerChildren } from "./execution/inner_children.ts";
import type { InnerUse } from "./execution/job_children.ts";
import { FlowJobs } from "./flow_jobs.ts";

/** How many flows of children are kept by each registry: those that were used last. */
const MOST_FLOWS = 100;

/** What an engine without a store does with children: their flows are built of their texts, as another host builds them. */
export function createInnerUse(host: EngineHost): InnerUse {
  const known: WeakMap<Registry, Map<string, FlowJobs>> = new WeakMap();
  const flowOf: InnerUse["flowOf"] = (text, registry) => {
    const flows = known.get(registry) ?? new Map<string, FlowJobs>();
    known.set(registry, flows);
    const found = flows.get(text) ?? new FlowJobs(buildGraph(text, registry), host);
    flows.delete(text);
    flows.set(text, found);
    for (const [oldest] of flows) if (flows.size > MOST_FLOWS) flows.delete(oldest);
    return found;
  };
  return { flowOf, childrenOf: (execution) => new InnerChildren(execution, host, flowOf) };
}

function buildGraph(text: string, registry: Registry): FlowGraph {
  const { options, fill } = decodeFlow(parseText(text, "routilux/flow"), registry);
  const { id, ...settings } = options;
  const graph = new FlowGraph(id, { ...settings, registry });
  fill(graph);
  return graph;
}
