import type { FlowOptions } from "../../mod.ts";
import { addFunction, type FunctionRoutine } from "./function_routine.ts";
import { WaitingHandlers } from "./waiting_handlers.ts";
import { createTestFlow, type TestFlow } from "./test_flow.ts";

/** A flow with one routine, whose handler waits for the test each time it runs. */
export interface WaitingFlow extends TestFlow {
  readonly handlers: WaitingHandlers;
  readonly routine: FunctionRoutine;
}

/** Makes the flow. Its routine, and the name under which its handler waits, is `act`. */
export function createWaitingFlow(flow: Omit<FlowOptions, "engine"> = {}): WaitingFlow {
  const setup = createTestFlow(flow);
  const handlers = new WaitingHandlers();
  return { ...setup, handlers, routine: addFunction(setup.flow, "act", () => handlers.wait("act")) };
}
