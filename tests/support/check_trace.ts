import { assertEquals } from "@std/assert";
import type { TraceLine, WorkLine } from "./process_trace.ts";

/** What a trace tells beside violations. */
export interface TraceSummary {
  /** How often a handler has run beside one of a process whose lease had ended. */
  readonly overlaps: number;
  /** How many steps ran again, as they were not stored when their process lost the job. */
  readonly repeated: number;
  /** How often engines have told of each type of event. */
  readonly told: Readonly<Record<string, number>>;
}

/**
 * Checks that no handlers of one job run at the same time, and no step runs again once it is known to be stored, except in a process
 * whose lease has ended while its event loop was blocked.
 *
 * @throws {AssertionError} naming the lines
 */
export function checkTrace(lines: readonly TraceLine[]): TraceSummary {
  const leases = new Map<number, number>();
  const open = new Map<string, WorkLine[]>();
  const begun = new Set<string>();
  const stored = new Set<string>();
  const told: Record<string, number> = {};
  const violations: string[] = [];
  let overlaps = 0;
  let repeated = 0;
  const hasLease = ({ incarnation }: WorkLine, at: number) => (leases.get(incarnation) ?? 0) > at;
  const begin = (line: WorkLine) => {
    const { jobId, key, at, process } = line;
    const others = open.get(jobId) ?? [];
    for (const other of others) {
      const isSame = other.process === process;
      if (isSame || (hasLease(other, at) && hasLease(line, at))) {
        violations.push(`two at a time: ${JSON.stringify(other)} and ${JSON.stringify(line)}`);
      } else overlaps++;
    }
    if (stored.has(key) && hasLease(line, at)) violations.push(`runs again though stored: ${JSON.stringify(line)}`);
    if (begun.has(key)) repeated++;
    begun.add(key);
    open.set(jobId, [...others, line]);
  };
  for (const line of lines) {
    switch (line.kind) {
      case "lease":
        leases.set(line.incarnation, line.until);
        break;
      case "begin":
        begin(line);
        break;
      case "end":
        open.set(line.jobId, (open.get(line.jobId) ?? []).filter((it) => it.process !== line.process));
        break;
      case "stored":
        stored.add(line.key);
        break;
      case "told":
        told[line.type] = (told[line.type] ?? 0) + 1;
        break;
      case "exit":
        for (const [jobId, all] of open) open.set(jobId, all.filter((it) => it.process !== line.process));
    }
  }
  assertEquals(violations, []);
  return { overlaps, repeated, told };
}
