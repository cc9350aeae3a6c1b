import { FencedError } from "../../base/errors.ts";
import type { LostEvent } from "../../ports/observer.ts";
import type { JobClaim } from "../../ports/store.ts";
import type { FleetLedger } from "./fleet_ledger.ts";
import { FleetViolation } from "./fleet_violation.ts";

/**
 * Checks why a process has lost a job that it had by a claim: one that it has by the next claim is not lost, as nobody had it in between, but
 * by a claim of an incarnation that is over it has nothing.
 *
 * @throws {FleetViolation} when it has
 */
export function checkLost(
  { number }: { readonly number: number },
  { jobId, error }: LostEvent,
  last: JobClaim | undefined,
  ledger: FleetLedger,
): void {
  const { life, claim } = ledger.lifeOf(jobId) ?? {};
  const isNext = last !== undefined && last.life === life && last.epoch + 1 === claim?.epoch;
  if (!(error instanceof FencedError) || !isNext || claim.process !== number) return;
  if (!ledger.leases.isLast(claim.incarnation)) return;
  throw new FleetViolation("lost or doubled", `process ${number} tells that it has lost ${jobId}, which it has`);
}
