import type { FlowOptions } from "../../mod.ts";
import { type Act, addAct } from "./act.ts";
import { Crew } from "./crew.ts";
import { createWorld, type World } from "./world.ts";

/** A world whose flow has one act, which waits for the test each time it is run. */
export interface Workplace extends World {
  readonly crew: Crew;
  readonly act: Act;
}

/** Makes a workplace: its act, and whoever comes to work there, is called `act`. */
export function createWorkplace(flow: Omit<FlowOptions, "engine"> = {}): Workplace {
  const world = createWorld(flow);
  const crew = new Crew();
  return { ...world, crew, act: addAct(world.flow, "act", () => crew.work("act")) };
}
