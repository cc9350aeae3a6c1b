import type { Figures } from "./program.ts";

/** A runtime that programs are run in. */
export type RuntimeName = "Deno" | "Node" | "Bun";

/** Something that does a workload. */
export interface Contestant {
  /** As it stands in the table. */
  readonly name: string;
  /** Its program, below `bench`; those in `peers` need what is installed there. */
  readonly program: string;
  /** The variant of the program that is run. */
  readonly variant: string;
  /** How much it does; a slow one less than others. */
  readonly size: number;
  /** The size of what warms up, in several runs. @default {the contest's part of the size} */
  readonly warmUp?: number;
  /** What must be known to compare it. */
  readonly note?: string;
}

/** A figure that a contest is about. */
export interface Metric {
  /** Its name in what programs print. */
  readonly key: string;
  /** What it is, and its unit. */
  readonly title: string;
  /** Turns the figure into the unit of the table. @default {1} */
  readonly scale?: number;
  /** Whether it is the same in every run and every runtime. @default {false} */
  readonly isFixed?: boolean;
}

/** What the figure of one contestant must be in relation to that of another, in the same round. */
export interface Target {
  readonly metric: string;
  readonly of: string;
  readonly to: string;
  /** Whether the figures are divided, or one is taken from the other. @default {"ratio"} */
  readonly relation?: "ratio" | "difference";
  readonly sense: "at least" | "at most";
  readonly goal?: number;
  /** What would be better still. */
  readonly stretch?: number;
}

/** Contestants who do the same. */
export interface Contest {
  readonly id: string;
  readonly title: string;
  readonly metrics: readonly Metric[];
  readonly contestants: readonly Contestant[];
  readonly targets: readonly Target[];
  /** The size of a run that only asserts. */
  readonly small: number;
  /** The size of what warms up, in several runs, as a part of the size. @default {1} */
  readonly warmUp?: number;
  /** Flags for the runtimes. */
  readonly flags?: Readonly<Partial<Record<RuntimeName, readonly string[]>>>;
  /** Makes the programs. */
  readonly prepare?: () => Promise<void>;
  /** Finds the figures that no run tells. */
  readonly weigh?: (contestant: Contestant) => Promise<Figures>;
}

/** A workload: one contest or several. */
export interface Workload {
  readonly id: string;
  /** Begins with what it is called by. */
  readonly title: string;
  /** Whether a contest is a curve, and its contestants are the sizes. @default {false} */
  readonly hasCurves?: boolean;
  readonly contests: readonly Contest[];
}
