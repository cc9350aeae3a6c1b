import { bounded } from "../bounded/workload.ts";
import { manners } from "../manners/workload.ts";
import { scaling } from "../scaling/workload.ts";
import { w1 } from "../w1/workload.ts";
import { w2 } from "../w2/workload.ts";
import { w3 } from "../w3/workload.ts";
import { w4 } from "../w4/workload.ts";
import { w5 } from "../w5/workload.ts";
import { w6 } from "../w6/workload.ts";
import { w7 } from "../w7/workload.ts";
import type { Workload } from "./catalog.ts";

/** All workloads, by their ids. */
export const workloads: ReadonlyMap<string, Workload> = new Map(
  [w1, w2, w3, w4, w5, w6, w7, scaling, manners, bounded].map((it) => [it.id, it]),
);
