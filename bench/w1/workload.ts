import type { Contest, Contestant, Workload } from "../harness/catalog.ts";

const ITEMS = 100_000;
const CALLS = "calls the next stage at once: stores no task";

function contest(kind: "numbers" | "payload", title: string): Contest {
  const contestant = (name: string, program: string, variant: string, size = ITEMS, note?: string): Contestant => {
    return { name, program, variant: `${kind} ${variant}`, size, ...(note === undefined ? {} : { note }) };
  };
  return {
    id: kind,
    title,
    metrics: [{ key: "perSecond", title: "million activations a second", scale: 1e-6 }],
    small: 100,
    contestants: [
      contestant("bare ring", "w1/ring.ts", "sync"),
      contestant("bare ring, items copied and frozen, the clock read", "w1/ring.ts", "guarded"),
      contestant("bare ring, awaited", "w1/ring.ts", "async"),
      contestant("routilux, sync", "w1/routilux.ts", "sync"),
      contestant("routilux, async", "w1/routilux.ts", "async"),
      contestant("routilux, sync, all items at once", "w1/routilux.ts", "sync at once"),
      contestant("routilux, async, all items at once", "w1/routilux.ts", "async at once"),
      contestant("fastq, promises", "peers/w1/fastq.ts", "async"),
      contestant("fastq, callbacks in a microtask", "peers/w1/fastq.ts", "callback"),
      contestant("fastq, callbacks at once", "peers/w1/fastq.ts", "sync", ITEMS, CALLS),
      contestant("p-queue", "peers/w1/p_queue.ts", "async"),
      contestant("xstate, machines", "peers/w1/xstate.ts", "machines"),
      contestant("xstate, transitions", "peers/w1/xstate.ts", "transitions", ITEMS, CALLS),
      contestant("effect, streams", "peers/w1/effect.ts", "sync", ITEMS, "pulls in chunks: stores no task"),
      contestant("effect, streams of promises", "peers/w1/effect.ts", "async", 20_000),
      contestant("workflow-core", "peers/w1/workflow_core.ts", "sync", 5_000),
      contestant("langgraph", "peers/w1/langgraph.ts", "sync", 200),
      contestant("eventemitter3", "peers/w1/eventemitter3.ts", "sync", ITEMS, CALLS),
    ],
    targets: [
      { metric: "perSecond", of: "routilux, sync", to: "fastq, promises", sense: "at least", goal: 1.2, stretch: 2 },
      { metric: "perSecond", of: "routilux, async", to: "fastq, promises", sense: "at least", goal: 0.8, stretch: 1.2 },
    ],
  };
}

/** Items through ten stages to a sink. */
export const w1: Workload = {
  id: "w1",
  title: "W1 chain: 100,000 items through 10 stages to a sink that sums, 11 activations an item",
  contests: [contest("numbers", "Numbers"), contest("payload", "Payloads of about 200 bytes")],
};
