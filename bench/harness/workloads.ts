import { w1 } from "../w1/workload.ts";
import { w2 } from "../w2/workload.ts";
import type { Workload } from "./catalog.ts";

/** All workloads, by their ids. */
export const workloads: ReadonlyMap<string, Workload> = new Map([w1, w2].map((it) => [it.id, it]));
