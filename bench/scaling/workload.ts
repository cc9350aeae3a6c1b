import type { Contest, Workload } from "../harness/catalog.ts";

const FLAT = 1.15;
const WARM_UP = 100;

function curve(id: string, title: string, most: number): Contest {
  const sizes = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000].filter((it) => it <= most && (it > 1 || id === "jobs"));
  const name = (size: number) => size.toLocaleString("en");
  return {
    id,
    title,
    metrics: [{ key: "nanoseconds", title: "ns an activation" }],
    small: 10,
    contestants: sizes.map((size) => {
      return { name: name(size), program: "scaling/curves.ts", variant: id, size, warmUp: Math.min(size, WARM_UP) };
    }),
    targets: id === "ring" ? [] : [
      { metric: "nanoseconds", of: name(most), to: name(sizes[0] ?? most), sense: "at most", goal: FLAT },
    ],
  };
}

/** What an activation takes, in relation to how much there is. */
export const scaling: Workload = {
  id: "scaling",
  title: "Scaling: what an activation takes, in relation to how much there is",
  hasCurves: true,
  contests: [
    curve("routines", "Routines of a flow", 10_000),
    curve("jobs", "Jobs at once", 10_000),
    curve("pending", "Pending tasks", 1_000_000),
    curve("delayed", "Delayed tasks", 100_000),
    curve("append", "Items in an append slot", 1_000_000),
    curve("history", "Records of a full history", 100_000),
    curve("ring", "Items in a bare ring, for comparison", 1_000_000),
  ],
};
