import type { PreflightFinding } from "../base/errors.ts";
import { pathStep } from "../base/path.ts";
import type { ConnectionTarget } from "./connection.ts";
import { type FailureConnection, takesFailuresOf } from "./failure_connection.ts";
import type { FlowGraph } from "./flow_graph.ts";
import { declarationOf } from "./routine.ts";

/** The name of the slot where a job begins whose entry point is a routine. */
const ENTRY = "trigger";

/**
 * The findings of `flow.check()`: events that are connected to no slot, and slots that no event reaches (both may be intended: an
 * output that nobody needs, a slot where jobs begin or that takes deliveries from outside); and cycles of failure connections.
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

/**
 * Cycles of failure connections: slots that get their own failures by way of others. While each of them fails, the job goes on at once and
 * for ever. One finding per cycle, at the slot that was connected first.
 */
function failureCycles(connections: readonly FailureConnection[]): PreflightFinding[] {
  const found = new Set<string>();
  return connections.flatMap(({ to }) => {
    const cycle = found.has(nameOf(to)) ? undefined : wayBack(to, connections);
    if (cycle === undefined) return [];
    for (const each of cycle) found.add(nameOf(each));
    const names = [...cycle, to].map(({ routine, slot }) => `"${routine}.${slot}"`).join(" to ");
    const message = `failures go round: ${names}; while each fails, no job ends, unless limits.steps ends it`;
    const path = `routines${pathStep(to.routine)}.slots${pathStep(to.slot)}`;
    return [{ code: "failure_cycle", path, message }];
  });
}

/** The shortest cycle of failure connections that leads from a slot back to it, beginning with that slot. */
function wayBack(start: ConnectionTarget, connections: readonly FailureConnection[]): ConnectionTarget[] | undefined {
  const seen = new Set<string>();
  const ways = [[start]];
  // The loop also visits the slots that it adds.
  for (const way of ways) {
    const { routine, slot } = way.at(-1) ?? start; // Unreachable default: a way begins with a slot.
    for (const each of connections) {
      if (!takesFailuresOf(each, routine, slot)) continue;
      const name = nameOf(each.to);
      if (name === nameOf(start)) return way;
      if (seen.has(name)) continue;
      seen.add(name);
      ways.push([...way, each.to]);
    }
  }
  return undefined;
}

function nameOf({ routine, slot }: ConnectionTarget): string {
  return JSON.stringify([routine, slot]);
}
