import type { Contestant, Workload } from "../harness/catalog.ts";
import { COLLECTING } from "../harness/garbage.ts";

/** How often each run is measured along the way. */
export const POINTS = 20;

/** The points of a curve: the share of the work in percent, and the name of the figure. */
export function pointsOf(curve: "heap" | "journal"): readonly { readonly at: number; readonly key: string }[] {
  return Array.from({ length: POINTS }, (_, i) => {
    const at = ((i + 1) * 100) / POINTS;
    return { at, key: `${curve} at ${at} %` };
  });
}

function contestant(name: string, variant: string): Contestant {
  return { name, program: "bounded/routilux.ts", variant, size: POINTS };
}

/** What an engine and a store keep, while the work goes on. */
export const bounded: Workload = {
  id: "bounded",
  title: "Bounded: what an engine and the journals keep, the longer the work goes on",
  contests: [{
    id: "work",
    title: "Bounded",
    metrics: [
      { key: "heapBytes", title: "MB of heap in use at the end, after garbage collection", scale: 1e-6 },
      { key: "heapRatio", title: "heap in use at the end ÷ the most in the first quarter" },
      { key: "characters", title: "thousand characters of the longest journal, at the end", scale: 1e-3 },
      { key: "entries", title: "entries of the longest journal, at the end" },
      { key: "held", title: "timers, subscriptions, listeners and live jobs, at the end" },
      ...(["heap", "journal"] as const).flatMap((curve) =>
        pointsOf(curve).map(({ at, key }) => ({ key, title: key, drawnAt: at }))
      ),
    ],
    small: POINTS,
    warmUp: 0,
    flags: COLLECTING,
    contestants: [
      contestant("a job of a million steps", "steps"),
      contestant("100,000 jobs of 1,500 flows", "jobs"),
      contestant("a job that sleeps for a year", "year"),
      contestant("30,000 checkpoints in one handler", "checkpoints"),
      contestant("100,000 commands to one job", "commands"),
    ],
    targets: [],
  }],
};
