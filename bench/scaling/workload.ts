import type { Contest, Workload } from "../harness/catalog.ts";

const FLAT = 1.15;
const WARM_UP = 100;

interface Curve {
  readonly id: string;
  readonly title: string;
  /** The greatest size; the sizes are powers of ten. */
  readonly most: number;
  /** The least size. @default {10} */
  readonly least?: number;
  /** Whether the curve is a reference, which has no target. @default {false} */
  readonly isBare?: boolean;
}

function contest({ id, title, most, least = 10, isBare = false }: Curve): Contest {
  const sizes = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000].filter((size) => size >= least && size <= most);
  const name = (size: number) => size.toLocaleString("en");
  const program = isBare ? "scaling/bare.ts" : "scaling/curves.ts";
  const relation = { metric: "nanoseconds", of: name(most), to: name(least), sense: "at most" } as const;
  return {
    id,
    title,
    metrics: [{ key: "nanoseconds", title: "ns an activation" }],
    small: 10,
    contestants: sizes.map((size) => {
      return { name: name(size), program, variant: id, size, warmUp: Math.min(size, WARM_UP) };
    }),
    targets: [isBare ? relation : { ...relation, goal: FLAT }],
  };
}

/** The time of an activation by size. */
export const scaling: Workload = {
  id: "scaling",
  title: "Scaling: what an activation takes, in relation to how much there is",
  hasCurves: true,
  contests: [
    contest({ id: "routines", title: "Routines of a flow", most: 10_000 }),
    contest({ id: "jobs", title: "Jobs at once", most: 10_000, least: 1 }),
    contest({ id: "loops", title: "Bare promises at once", most: 10_000, least: 1, isBare: true }),
    contest({ id: "pending", title: "Pending tasks", most: 1_000_000 }),
    contest({ id: "ring", title: "Items in a bare ring", most: 1_000_000, isBare: true }),
    contest({ id: "delayed", title: "Delayed tasks", most: 100_000 }),
    contest({ id: "append", title: "Items in an append slot", most: 1_000_000 }),
    contest({ id: "history", title: "Records of a full history", most: 100_000 }),
    contest({ id: "entries", title: "Entries kept in a bare ring", most: 100_000, isBare: true }),
  ],
};
