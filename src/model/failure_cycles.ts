import type { PreflightFinding } from "../base/errors.ts";
import { pathStep } from "../base/path.ts";
import type { ConnectionTarget } from "./connection.ts";
import { type FailureConnection, takesFailuresOf } from "./failure_connection.ts";

/**
 * Cycles of failure connections: slots that get their own failures by way of others. While each of them fails, the job goes on at once and
 * for ever. One finding per cycle, at the slot that was connected first.
 */
export function failureCycles(connections: readonly FailureConnection[]): PreflightFinding[] {
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

/** The shortest way of the failures of a slot back to it, from that slot on. */
function wayBack(start: ConnectionTarget, connections: readonly FailureConnection[]): ConnectionTarget[] | undefined {
  const seen = new Set<string>();
  const ways = [[start]];
  // It grows while it is read.
  for (const way of ways) {
    const { routine, slot } = way.at(-1) ?? start;
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
