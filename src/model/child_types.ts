import type { ErrorData } from "../values/error_data.ts";
import type { FlowGraph } from "./flow_graph.ts";
import type { Slot } from "./slot.ts";

/** The end of a child, as the slot that waits for it gets it. */
export type ChildEnd<Result = unknown> =
  | {
    /** The child has completed. */
    readonly status: "completed";
    /** The child's id. */
    readonly jobId: string;
    /** What its handlers have set by `ctx.result`. */
    readonly result: Result;
  }
  | {
    /** The child has failed, or was cancelled. */
    readonly status: "failed" | "cancelled";
    /** The child's id. */
    readonly jobId: string;
    /** The error with which the child has failed or was cancelled. */
    readonly error: ErrorData;
  };

/** A flow's document, as `flow.toJSON()` writes it: for a flow whose classes are not here. */
export interface FlowJson {
  /** Tells a flow from a job. */
  readonly format: "routilux/flow";
  /** The flow's id. */
  readonly id: string;
}

/** The type of the results of a flow's jobs. */
export type ResultOf<F> = F extends FlowGraph<infer Result> ? Result : never;

/** The labels of a child: its queue, how urgent it is, and the tags by which it is found. */
export interface ChildLabels {
  /** The child's queue. @default {that of this job} */
  readonly queue?: string;
  /** How urgent the child is. @default {as this job} */
  readonly priority?: "high" | "normal" | "low";
  /** Names and texts by which the child is found. @default {those of this job} */
  readonly tags?: Readonly<Record<string, string>>;
}

/** How a child is started: with a slot that is told of its end, or detached. */
export type ChildOptions<F = unknown> =
  & ChildLabels
  & (
    | {
      /** The slot of this routine that is told of the child's end. */
      readonly to: Slot<ChildEnd<ResultOf<F>>>;
      /** Names the child among those of this step; without one, its position does. */
      readonly key?: string;
      /** This job waits for the child. */
      readonly detached?: false;
      /** The id follows from the step. */
      readonly jobId?: never;
    }
    | {
      /** A job that nobody waits for, and that goes on when this one ends. */
      readonly detached: true;
      /** Names the child among those of this step; without one, its position does. */
      readonly key?: string;
      /** The child's id, in place of the one that follows from the step: a job that has this id already is left as it is. */
      readonly jobId?: string;
      /** Nobody is told. */
      readonly to?: never;
    }
  );
