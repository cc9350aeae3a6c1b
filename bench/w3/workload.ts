import type { Workload } from "../harness/catalog.ts";

const CALLS = 1_000;

/** Handlers that wait. */
export const w3: Workload = {
  id: "w3",
  title: "W3 waiting: 1,000 calls of 10 ms each, at most 100 at once; 100 ms would be ideal",
  contests: [{
    id: "waits",
    title: "All calls",
    metrics: [{ key: "ms", title: "ms" }],
    small: 100,
    contestants: [
      { name: "bare loops", program: "w3/loop.ts", variant: "loop", size: CALLS },
      { name: "routilux", program: "w3/routilux.ts", variant: "concurrent", size: CALLS },
      { name: "fastq", program: "peers/w3/fastq.ts", variant: "async", size: CALLS },
      { name: "p-queue", program: "peers/w3/p_queue.ts", variant: "async", size: CALLS },
      { name: "effect", program: "peers/w3/effect.ts", variant: "async", size: CALLS },
      { name: "langgraph", program: "peers/w3/langgraph.ts", variant: "async", size: CALLS },
    ],
    targets: [{ metric: "ms", of: "routilux", to: "bare loops", sense: "at most", goal: 1.08, stretch: 1.03 }],
  }],
};
