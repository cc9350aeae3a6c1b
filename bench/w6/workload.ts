import type { Contest, Contestant, Workload } from "../harness/catalog.ts";
import { COLLECTING } from "../harness/garbage.ts";

const MILLION = 1_000_000;
/** Spawning an actor copies the list of all actors before it: more of them take minutes to create. */
const MOST_ACTORS = 10_000;
const MOST_PROMISES = 100_000;

function contest(size: number): Contest {
  const contestant = (name: string, program: string, variant: string, most = size): Contestant => {
    return { name, program, variant, size: Math.min(size, most) };
  };
  const sizeText = size.toLocaleString("en");
  return {
    id: `pending_${size}`,
    title: `${sizeText} pending items`,
    metrics: [{ key: "bytesPerItem", title: "resident bytes an item" }],
    small: 10,
    warmUp: 0.01,
    flags: COLLECTING,
    contestants: [
      contestant("bare ring", "w6/ring.ts", "ring"),
      contestant("bare ring, payloads frozen", "w6/ring.ts", "frozen"),
      contestant("routilux, emitted", "w6/routilux.ts", "emitted"),
      contestant("routilux, delivered", "w6/routilux.ts", "delivered"),
      contestant("fastq", "peers/w6/fastq.ts", "promises"),
      contestant("p-queue", "peers/w6/p_queue.ts", "promises", MOST_PROMISES),
      contestant("effect", "peers/w6/effect.ts", "queue"),
      contestant("xstate, an actor each", "peers/w6/xstate.ts", "actors", MOST_ACTORS),
    ],
    // The target is for large queues.
    targets: size < MILLION ? [] : [
      {
        metric: "bytesPerItem",
        of: "routilux, emitted",
        to: "bare ring",
        sense: "at most",
        goal: 1.3,
        stretch: 1.05,
      },
    ],
  };
}

/** The memory of a pending item. */
export const w6: Workload = {
  id: "w6",
  title: "W6 memory: what a pending item with a payload of about 200 bytes takes",
  contests: [contest(100_000), contest(MILLION)],
};
