import type { Store } from "../../ports/store.ts";
import type { FleetLedger } from "./fleet_ledger.ts";
import { FleetViolation } from "./fleet_violation.ts";

/** How long a job that could not do what it owes is left alone at most, in milliseconds. */
const LONGEST_DEBT_MS = 1_000;

/**
 * Checks that nothing is stranded, by the store's content alone.
 *
 * @throws {FleetViolation} when something is
 */
export async function checkStranded(ledger: FleetLedger, store: Store, now: number): Promise<void> {
  const { lives, leases, families, clockErrorMs } = ledger;
  let firstDue = Infinity;
  families.check(lives.values());
  for (const life of lives.values()) {
    const record = await store.find(life.jobId);
    if (record?.life !== life.life) {
      throw new FleetViolation("lost or doubled", `job ${life.jobId} is gone, though nobody has deleted it`);
    }
    const { owner, incarnation, dueAt } = record;
    if (owner !== undefined && incarnation !== undefined && leases.runs(incarnation, now)) {
      firstDue = Math.min(firstDue, leases.untilOf(incarnation));
      continue;
    }
    const due = life.dueAt;
    // Whoever has let go of it may have a clock that is ahead.
    const isSoon = dueAt !== undefined && dueAt <= now + clockErrorMs;
    // An inbox that is full has no room before long.
    const isLeft = life.owes && dueAt !== undefined && dueAt <= now + clockErrorMs + LONGEST_DEBT_MS;
    const isRight = isLeft || dueAt === due || (isSoon && (life.wasLetGo || (due !== undefined && due <= now)));
    if (owner === undefined && !isRight) {
      const why = `job ${life.jobId}, which is ${life.job.status}, is due at ${due}, and its record says ${dueAt}`;
      throw new FleetViolation("stranded", why);
    }
    if (owner !== undefined || life.commands.unread.length > 0) firstDue = Math.min(firstDue, now);
    else if (due !== undefined) firstDue = Math.min(firstDue, dueAt ?? due);
  }
  if (firstDue === Infinity) return;
  const answer = await store.nextDueAt({ now });
  if (answer === undefined || answer > Math.max(firstDue, now)) {
    throw new FleetViolation("stranded", `a job is due at ${firstDue}, and the store gives none before ${answer}`);
  }
}
