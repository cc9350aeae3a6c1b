import type { RedriveData } from "../../repair.ts";
import type { FleetDelivery } from "./fleet_options.ts";

/** What is asked of a job. */
export type FleetAsk =
  | ({ readonly type: "deliver" } & FleetDelivery)
  | { readonly type: "pause"; readonly graceMs: number }
  | { readonly type: "resume" }
  /** `failures` are the ids of tasks, with other data for some; without them all failures are put back. */
  | { readonly type: "redrive"; readonly failures?: readonly (number | RedriveData)[] }
  | { readonly type: "discard"; readonly failures: readonly number[] }
  | { readonly type: "cancel" };

/** What distinguishes the processes of a fleet. */
export interface ProcessTraits {
  readonly number: number;
  readonly name: string;
  /** How much its wall clock is off, in milliseconds. */
  readonly offsetMs: number;
  /** Whether it says that only one process can have its name: the one before is surely dead. */
  readonly takesOver: boolean;
  /** Whether it lacks classes that the flows need. */
  readonly isStranger: boolean;
  /** Whether it has the higher versions of the flows, where there are any. */
  readonly isNext: boolean;
}
