/** Which promise a fleet has broken; see `simulateFleet`. */
export type FleetInvariant =
  | "stranded"
  | "lost or doubled"
  | "two at a time"
  | "too late"
  | "too many"
  | "unbounded"
  | "other result";

/** Why a fleet is stopped: it has broken a promise. */
export class FleetViolation extends Error {
  /** The broken promise. */
  readonly invariant: FleetInvariant;

  /** Makes the reason. */
  constructor(invariant: FleetInvariant, why: string) {
    super(why);
    this.invariant = invariant;
  }
}
