import type { Contest, Contestant, Target, Workload } from "../harness/catalog.ts";

const contestant = (name: string, program: string, variant: string, size: number): Contestant => {
  return { name, program, variant, size };
};
const target = (of: string, to: string, goal: number, stretch: number): Target => {
  return { metric: "perSecond", of, to, sense: "at least", goal, stretch };
};

const steps: Contest = {
  id: "steps",
  title: "Durable steps",
  metrics: [{ key: "perSecond", title: "thousand steps a second", scale: 1e-3 }],
  small: 200,
  contestants: [
    contestant("bare rows, SQLite NORMAL", "w5/raw.ts", "normal", 100_000),
    contestant("bare rows, SQLite FULL", "w5/raw.ts", "full", 20_000),
    contestant("bare lines, file and fdatasync", "w5/raw.ts", "file", 20_000),
    contestant("routilux, SQLite NORMAL, strict", "w5/durable.ts", "normal", 50_000),
    contestant("routilux, SQLite FULL, strict", "w5/durable.ts", "full", 20_000),
    contestant("routilux, SQLite NORMAL, relaxed", "w5/durable.ts", "normal relaxed", 50_000),
    contestant("routilux, SQLite NORMAL, 100 jobs", "w5/durable.ts", "normal 100 jobs", 50_000),
    contestant("routilux, SQLite FULL, 100 jobs", "w5/durable.ts", "full 100 jobs", 50_000),
    contestant("routilux, file, strict", "w5/durable.ts", "file full", 20_000),
    contestant("routilux, file, 100 jobs", "w5/durable.ts", "file full 100 jobs", 20_000),
    contestant("routilux, file without sync", "w5/durable.ts", "file none", 20_000),
    contestant("routilux, memory", "w5/durable.ts", "memory", 50_000),
  ],
  targets: [
    target("routilux, SQLite NORMAL, strict", "bare rows, SQLite NORMAL", 0.5, 0.7),
    target("routilux, SQLite FULL, strict", "bare rows, SQLite FULL", 0.8, 0.95),
    target("routilux, SQLite FULL, 100 jobs", "bare rows, SQLite FULL", 2, 5),
  ],
};

function curve(id: string, title: string, metric: Contest["metrics"][number], sizes: readonly number[]): Contest {
  const name = (size: number) => size.toLocaleString("en");
  return {
    id,
    title,
    metrics: [metric],
    small: 10,
    contestants: sizes.map((size) => contestant(name(size), "w5/growth.ts", id, size)),
    targets: [],
  };
}

/** Durable steps. */
export const w5: Workload = {
  id: "w5",
  title: "W5 durable: trivial steps, each stored before the next starts",
  contests: [
    steps,
    curve("written", "Pending tasks", { key: "perStep", title: "characters written a step" }, [10, 1_000, 100_000]),
    curve("recovery", "Steps before a crash", { key: "ms", title: "ms to recover" }, [100, 1_000, 10_000, 100_000]),
  ],
};
