import type { Contestant, Target, Workload } from "../harness/catalog.ts";

const REQUESTS = 200;
const SERVED_WITHIN_MS = 10;
const STANDARD = "a job, slices of 4 ms (as by default)";

function contestant(name: string, variant: string): Contestant {
  return { name, program: "manners/routilux.ts", variant, size: REQUESTS };
}

function within(metric: string): Target {
  return { metric, of: STANDARD, to: "no job", relation: "difference", sense: "at most", goal: SERVED_WITHIN_MS };
}

/** Other work of a process while a job never waits. */
export const manners: Workload = {
  id: "manners",
  title: "Manners: a timer of 1 ms and requests from another process, while a job never waits",
  contests: [{
    id: "delays",
    title: "Delays",
    metrics: [
      { key: "timerMs", title: "timer, median ms late" },
      { key: "timer99Ms", title: "timer, 99th percentile of ms late" },
      { key: "requestMs", title: "request, median ms" },
      { key: "request99Ms", title: "request, 99th percentile of ms" },
      { key: "perSecond", title: "million activations a second", scale: 1e-6 },
    ],
    small: 3,
    contestants: [
      contestant("no job", "idle"),
      contestant("a job, slices of 8 ms", "slices of 8 ms"),
      contestant(STANDARD, "slices of 4 ms"),
      contestant("a job, slices of 2 ms", "slices of 2 ms"),
    ],
    targets: [within("timer99Ms"), within("request99Ms")],
  }],
};
