import { gzipSync } from "node:zlib";
import type { Contest, Contestant, Target, Workload } from "../harness/catalog.ts";
import { BENCH } from "../harness/process.ts";
import type { Figures } from "../harness/program.ts";
import { buildPrograms, PEERS } from "./build.ts";

const MS = { key: "processMs", title: "ms" };
const KILOBYTES = { key: "gzippedBytes", title: "kilobytes, gzipped", scale: 1e-3, isFixed: true };

function contestant(name: string, program: string): Contestant {
  return { name, program, variant: "run", size: 1 };
}

function overEmpty(goal: number, stretch: number): Target {
  return {
    metric: MS.key,
    of: "routilux",
    to: "an empty program",
    relation: "difference",
    sense: "at most",
    goal,
    stretch,
  };
}

const cold = { small: 1, warmUp: 0, prepare: buildPrograms, targets: [overEmpty(12, 8)] };

const installed: Contest = {
  ...cold,
  id: "installed",
  title: "A process with packages from npm",
  metrics: [MS],
  contestants: [
    contestant("an empty program", "w7/empty.ts"),
    contestant("routilux", "dist/w7/routilux.ts"),
    ...PEERS.map((peer) => contestant(peer.replaceAll("_", "-"), `peers/w7/${peer}.ts`)),
  ],
};

const bundled: Contest = {
  ...cold,
  id: "bundled",
  title: "A process of one minified file",
  metrics: [MS, KILOBYTES],
  contestants: [
    contestant("an empty program", "dist/w7/bundles/empty.js"),
    contestant("routilux", "dist/w7/bundles/routilux.js"),
    ...PEERS.map((peer) => contestant(peer.replaceAll("_", "-"), `dist/w7/bundles/peers/${peer}.js`)),
  ],
  weigh,
};

async function weigh({ program }: Contestant): Promise<Figures> {
  return { [KILOBYTES.key]: gzipSync(await Deno.readFile(new URL(program, BENCH)), { level: 9 }).length };
}

/** A whole process, from its start to its end. */
export const w7: Workload = {
  id: "w7",
  title: "W7 cold start: import, build a flow of 10 steps, run one item, exit",
  contests: [installed, bundled],
};
