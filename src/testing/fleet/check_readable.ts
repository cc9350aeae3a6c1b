import { SerializationError, StoreError } from "../../base/errors.ts";
import type { EngineEvent } from "../../ports/observer.ts";
import { FleetViolation } from "./fleet_violation.ts";

/**
 * Checks why a job cannot go on in a process: what is stored can be read by whoever has the classes, and no entries are missing.
 *
 * @throws {FleetViolation} when the process could not read it
 */
export function checkReadable(
  { number, isStranger }: { readonly number: number; readonly isStranger: boolean },
  { jobId, error }: Extract<EngineEvent, { type: "refused" }>,
): void {
  // What a store fails with is an error.
  const isUnread = error instanceof SerializationError ||
    (error instanceof StoreError && !(error.cause instanceof Error));
  if (isStranger || !isUnread) return;
  const why = `process ${number} cannot read ${jobId}: ${error.message}: ${error.cause}`;
  throw new FleetViolation("lost or doubled", why);
}
