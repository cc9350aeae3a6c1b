import type { Figures } from "./program.ts";

/** A runtime. */
export type RuntimeName = "Deno" | "Node" | "Bun";

/** A program that does a workload. */
export interface Contestant {
  /** The name in the tables. */
  readonly name: string;
  /** Its program, relative to `bench`; programs in `peers` need the packages that are installed there. */
  readonly program: string;
  /** The variant of the program that is run. */
  readonly variant: string;
  /** Its number of units; slow contestants do fewer. */
  readonly size: number;
  /** The total size of the warm-up runs. @default {the contest's share of the size} */
  readonly warmUp?: number;
  /** A note that readers need to compare it. */
  readonly note?: string;
}

/** A figure that a contest compares. */
export interface Metric {
  /** The name in the output of the programs. */
  readonly key: string;
  /** The description, with its unit. */
  readonly title: string;
  /** The factor that converts the figure to the unit of the table. @default {1} */
  readonly scale?: number;
  /** Whether it is equal in all runs and runtimes. @default {false} */
  readonly isFixed?: boolean;
  /** The share of the work in percent after which it was measured: such a figure is a point of a curve, and in no table. */
  readonly drawnAt?: number;
}

/** A goal for the relation of two contestants' figures of the same round. */
export interface Target {
  readonly metric: string;
  readonly of: string;
  readonly to: string;
  /** Whether the figures are divided or subtracted. @default {"ratio"} */
  readonly relation?: "ratio" | "difference";
  readonly sense: "at least" | "at most";
  readonly goal?: number;
  /** The stretch target. */
  readonly stretch?: number;
}

/** Contestants that do the same work. */
export interface Contest {
  readonly id: string;
  readonly title: string;
  readonly metrics: readonly Metric[];
  readonly contestants: readonly Contestant[];
  readonly targets: readonly Target[];
  /** The size of a run that is made only for its assertions. */
  readonly small: number;
  /** The total size of the warm-up runs, as a share of the size. @default {1} */
  readonly warmUp?: number;
  /** Flags for the runtimes. */
  readonly flags?: Readonly<Partial<Record<RuntimeName, readonly string[]>>>;
  /** Builds the programs. */
  readonly prepare?: () => Promise<void>;
  /** Determines figures that programs cannot measure themselves. */
  readonly weigh?: (contestant: Contestant) => Promise<Figures>;
}

/** A workload: one contest or several. */
export interface Workload {
  readonly id: string;
  /** The title, which begins with the workload's id. */
  readonly title: string;
  /** Whether each contest is a curve, with the sizes as its contestants. @default {false} */
  readonly hasCurves?: boolean;
  readonly contests: readonly Contest[];
}
