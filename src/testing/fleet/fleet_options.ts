import type { Services } from "../../model/context.ts";
import type { MaybePromise, Store } from "../../ports/store.ts";
import type { Flow } from "../../flow.ts";
import type { FleetFocus } from "./fleet_focus.ts";
import type { AdoptionChoice, QueueOptions } from "../../work_options.ts";
import type { Registry } from "../../values/registry.ts";
import type { JobComparison } from "../compare_jobs.ts";
import type { SimulatedHost } from "../simulated_process.ts";

/**
 * What can happen to a process of a fleet: it dies, and another one starts under a new name (`death`) or under the same (`rebirth`);
 * another one starts beside it under the same name (`twin`); it is shut down; its event loop is blocked; its machine sleeps; its clock
 * is set; or it looks for due jobs when it is just doing so (`recover`).
 */
export type ProcessFault =
  | "death"
  | "rebirth"
  | "twin"
  | "shutdown"
  | "block"
  | "sleep"
  | "clock"
  | "recover";

/** The faults of a fleet. */
export interface FleetFaults {
  /**
   * The probability, from 0 to 1, that a call of the store fails without effect, is done and its answer is lost, or is given up by
   * the caller and done later; ten times as high in some fleets, as the seed decides. @default {0.04}
   */
  readonly calls?: number;
  /** How many faults of processes there are at most. @default {8} */
  readonly processes?: number;
  /** Which faults of processes there are. @default {all} */
  readonly kinds?: readonly ProcessFault[];
}

/** A delivery from outside to a job. */
export interface FleetDelivery {
  /** The id of the routine. */
  readonly routine: string;
  /** The name of the slot. */
  readonly slot: string;
  /** The data. Each delivery to one slot of a job has data of its own. */
  readonly data: unknown;
  /** The id of the flow of a child, or of a child's child, that it is for. @default {the job itself} */
  readonly childFlow?: string;
}

/** A job of a fleet. */
export interface FleetJob {
  /** The flow. */
  readonly flow: Flow;
  /** The slot where it begins: the id of its routine, and its name. */
  readonly entry: { readonly routine: string; readonly slot: string };
  /** The data for the entry. @default {{}} */
  readonly params?: unknown;
  /**
   * How long it may take by the wall clock, in milliseconds, waiting included. Then the time decides how it ends: it is not compared with
   * a run without disturbances. @default {no limit}
   */
  readonly deadlineMs?: number;
  /** Its queue: one of those of the fleet. @default {"default"} */
  readonly queue?: string;
  /** What is delivered to it, in any order. @default {nothing} */
  readonly deliveries?: readonly FleetDelivery[];
  /**
   * What a redrive may give slots in place of data with which they have failed: each at most one. A job that is redriven is not compared
   * with a run without disturbances. @default {nothing: a redrive gives tasks what they had}
   */
  readonly repairs?: readonly FleetDelivery[];
}

/** Options of `simulateFleet`. */
export interface FleetOptions {
  /** The jobs. */
  readonly jobs: readonly FleetJob[];
  /** The classes and functions of their flows. */
  readonly registry: Registry;
  /** The seed of all random choices: the same seed gives the same run, step for step, in every runtime. */
  readonly seed: number;
  /** How many engines there are at first. @default {2} */
  readonly engines?: number;
  /**
   * Queues with limits over all workers. Their jobs are started by `start`, and resumed by handles: a program that runs a job itself
   * takes no notice of limits. All processes have workers then, and none calls `recover`. @default {none}
   */
  readonly queues?: readonly QueueOptions[];
  /**
   * Higher versions of flows of the jobs, for a deploy that rolls forth and back: about half of the processes have these, the others those
   * of before. Jobs are moved to them by workers that take them (`onChange` of `engine.work`), and by `handle.adopt`. A job must end alike
   * in both versions, since it may be moved at any point. @default {none}
   */
  readonly versions?: readonly Flow[];
  /**
   * How names have changed in `versions`, as `engine.work` and `handle.adopt` take it; for each flow it must always say the same, and drop
   * nothing. Jobs of the fleet have the names of before, in any version, and no data of theirs may depend on names. @default {none has}
   */
  readonly onChange?: AdoptionChoice;
  /** The faults, and their probabilities. @default {see there} */
  readonly faults?: FleetFaults;
  /** Which commands are sent to jobs at random. @default {all} */
  readonly commands?: readonly FleetCommand[];
  /** How many random steps there are before all faults stop. @default {200} */
  readonly steps?: number;
  /** The maximum time that a handler which returns a promise takes longer than by itself, in milliseconds. @default {400} */
  readonly handlerMs?: number;
  /**
   * How a job's result is compared with that of a run without disturbances; `none` for handlers whose results depend on the order
   * or the time of what happens. @default {"outcome"}
   */
  readonly comparison?: JobComparison | "none";
  /** Makes the handlers' `ctx.services`, anew for each process. Services must be fakes that wait by the given clock. */
  readonly services?: (host: SimulatedHost) => Services;
  /** Makes the store. @default {a memory store} */
  readonly openStore?: () => MaybePromise<Store>;
}

/** A command that a fleet sends to jobs. */
export type FleetCommand = "pause" | "resume" | "cancel" | "redrive" | "discard" | "delete";

/** The settings of a fleet: options that are complete. */
export interface FleetSettings extends Required<Omit<FleetOptions, "openStore" | "faults" | "onChange" | "services">> {
  readonly faults: Required<FleetFaults>;
  readonly onChange: AdoptionChoice | undefined;
  readonly services: ((host: SimulatedHost) => Services) | undefined;
  /** What the fleet is about, where that is not left to the seed. */
  readonly focus?: FleetFocus | undefined;
  readonly openStore: () => MaybePromise<Store>;
}
