import type { PreflightFinding } from "../base/errors.ts";
import { pathStep } from "../base/path.ts";
import { failureCycles } from "./failure_cycles.ts";
import type { FlowGraph } from "./flow_graph.ts";
import { declarationOf } from "./routine.ts";

/** The slot where a job begins that is given a routine. */
const ENTRY = "trigger";

/**
 * What a flow does not connect: events that go nowhere, and slots that no event reaches. They may be meant so: an output that nobody
 * wants, a slot where jobs begin or that takes deliveries from outside. And what it connects in a circle: failures.
 */
export function looseEnds({ routines, connections, failureConnections }: FlowGraph): PreflightFinding[] {
  const connected = new Set<unknown>(connections.flatMap(({ event, slot }) => [event, slot]));
  for (const { to } of failureConnections) connected.add(routines.get(to.routine)?.getSlot(to.slot));
  const findings: PreflightFinding[] = [];
  for (const [id, routine] of routines) {
    const { events, slots, timers } = declarationOf(routine);
    const isTimer = new Set<unknown>([...timers].flat());
    const isLoose = (end: unknown) => !connected.has(end) && !isTimer.has(end);
    const add = (code: string, list: string, name: string, message: string) =>
      findings.push({ code, path: `routines${pathStep(id)}.${list}${pathStep(name)}`, message });
    for (const [name, event] of events) {
      if (!isLoose(event)) continue;
      const message = `event "${name}" of routine "${id}" goes nowhere; connect it to a slot, if somebody is to get it`;
      add("unconnected_event", "events", name, message);
    }
    for (const [name, slot] of slots) {
      if (name === ENTRY || !isLoose(slot)) continue;
      const message =
        `no event reaches slot "${name}" of routine "${id}"; connect one, unless jobs begin there or it takes ` +
        "deliveries from outside";
      add("unreached_slot", "slots", name, message);
    }
  }
  return [...findings, ...failureCycles(failureConnections)];
}
