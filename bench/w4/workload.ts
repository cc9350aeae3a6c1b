import type { Contest, Workload } from "../harness/catalog.ts";

/** Spawning an actor copies the list of all actors before it: more of them take minutes to create. */
const MOST_ACTORS = 10_000;

function contest(size: number): Contest {
  return {
    id: `pending_${size}`,
    title: `${size.toLocaleString("en")} pending tasks`,
    metrics: [{ key: "writeMs", title: "ms to write" }, { key: "readMs", title: "ms to read" }],
    small: 10,
    contestants: [
      { name: "plain JSON", program: "w4/json.ts", variant: "json", size },
      { name: "plain JSON of the job's document", program: "w4/document.ts", variant: "document", size },
      { name: "routilux", program: "w4/routilux.ts", variant: "job", size },
      ...(size > MOST_ACTORS ? [] : [
        { name: "xstate, an actor each", program: "peers/w4/xstate.ts", variant: "actors", size },
      ]),
    ],
    targets: [
      { metric: "writeMs", of: "routilux", to: "plain JSON", sense: "at most", goal: 1.8, stretch: 1.2 },
      { metric: "readMs", of: "routilux", to: "plain JSON", sense: "at most", goal: 2.5, stretch: 1.6 },
    ],
  };
}

/** A paused job to text, and back. */
export const w4: Workload = {
  id: "w4",
  title:
    "W4 snapshot: a paused job with payloads of about 200 bytes to a text, and the text to a job that is ready to resume",
  contests: [contest(10_000), contest(100_000)],
};
