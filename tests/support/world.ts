import { Engine, type EngineEvent, type EngineOptions, Flow, type FlowOptions } from "../../mod.ts";
import { manualIds, type ManualTimers, manualTimers } from "../../src/testing/mod.ts";

/** A flow on an engine whose clock stands still at 0, with everything that its observer was told. */
export interface World {
  readonly timers: ManualTimers;
  readonly engine: Engine;
  readonly flow: Flow;
  readonly events: EngineEvent[];
}

/** Makes a world: its flow is called `flow`, its first job `id-1`. */
export function createWorld(flow: Omit<FlowOptions, "engine"> = {}, engine: EngineOptions = {}): World {
  const timers = manualTimers();
  const events: EngineEvent[] = [];
  const observer = (event: EngineEvent) => void events.push(event);
  const host = new Engine({ timers, ids: manualIds(), observer, ...engine });
  return { timers, engine: host, flow: new Flow({ id: "flow", engine: host, ...flow }), events };
}
