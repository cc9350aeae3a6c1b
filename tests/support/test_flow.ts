import { Engine, type EngineEvent, type EngineOptions, Flow, type FlowOptions } from "../../mod.ts";
import { manualIds, type ManualTimers, manualTimers } from "../../src/testing/mod.ts";

/** A flow on an engine whose clock stands still at 0, with all events of the engine's observer. */
export interface TestFlow {
  readonly timers: ManualTimers;
  readonly engine: Engine;
  readonly flow: Flow;
  readonly events: EngineEvent[];
}

/** Makes an engine with a flow. The id of the flow is `flow`, the id of its first job `id-1`. */
export function createTestFlow(flow: Omit<FlowOptions, "engine"> = {}, engine: EngineOptions = {}): TestFlow {
  const timers = manualTimers();
  const events: EngineEvent[] = [];
  const observer = (event: EngineEvent) => void events.push(event);
  const host = new Engine({ timers, ids: manualIds(), observer, ...engine });
  return { timers, engine: host, flow: new Flow({ id: "flow", engine: host, ...flow }), events };
}
