import type { Contestant, Workload } from "../harness/catalog.ts";

const ROUNDS = 100;
const CALLS = "calls the aggregator at once: stores no task";

function contestant(name: string, program: string, variant: string, size = ROUNDS, note?: string): Contestant {
  return { name, program, variant, size, ...(note === undefined ? {} : { note }) };
}

/** A source, many workers, an aggregator. */
export const w2: Workload = {
  id: "w2",
  title: "W2 fan: a source, 1,000 workers and an aggregator, 100 rounds",
  contests: [{
    id: "fan",
    title: "To each worker and back",
    metrics: [{ key: "perSecond", title: "million messages a second", scale: 1e-6 }],
    small: 2,
    // As many activations as in W1: with fewer, compiling takes much of the time.
    warmUp: 5,
    contestants: [
      contestant("bare ring", "w2/ring.ts", "sync"),
      contestant("bare ring, awaited", "w2/ring.ts", "async"),
      contestant("routilux, sync", "w2/routilux.ts", "sync"),
      contestant("routilux, async", "w2/routilux.ts", "async"),
      contestant("routilux, append slot", "w2/routilux.ts", "append"),
      contestant("fastq", "peers/w2/fastq.ts", "async"),
      contestant("p-queue", "peers/w2/p_queue.ts", "async"),
      contestant("xstate, machines", "peers/w2/xstate.ts", "machines"),
      contestant("xstate, transitions", "peers/w2/xstate.ts", "transitions", ROUNDS, CALLS),
      contestant("effect", "peers/w2/effect.ts", "sync"),
      contestant("effect, promises", "peers/w2/effect.ts", "async", 20),
      contestant("workflow-core", "peers/w2/workflow_core.ts", "sync", 5),
      contestant("langgraph", "peers/w2/langgraph.ts", "sync", 2),
      contestant("eventemitter3", "peers/w2/eventemitter3.ts", "sync", ROUNDS, CALLS),
    ],
    targets: [
      { metric: "perSecond", of: "routilux, sync", to: "p-queue", sense: "at least", goal: 1.2 },
      { metric: "perSecond", of: "routilux, sync", to: "xstate, machines", sense: "at least", goal: 8 },
      { metric: "perSecond", of: "routilux, sync", to: "fastq", sense: "at least", stretch: 0.6 },
    ],
  }],
};
