import type { PreflightFinding } from "../../base/errors.ts";
import type { Child } from "../../job/children.ts";
import type { StatusCommit } from "../../job/commit.ts";
import type { Job } from "../../job/job.ts";
import type { Registry } from "../../values/registry.ts";
import type { ChildMaker } from "../activation/activation_host.ts";
import type { Execution } from "./execution.ts";

/** The children of a live job: jobs of its store, or parts of it. */
export interface JobChildren extends ChildMaker {
  /** Whether some are being started. */
  readonly isStarting: boolean;
  /** Whether some that are parts of the job have something to do now. */
  readonly isBusy: boolean;
  /** Whether none that is a part of the job is live. */
  readonly areAtRest: boolean;
  /** Starts those of some that are to be started. */
  start(children: Iterable<Child>): void;
  /** Brings those to rest that are parts of the job; their handlers may go on for `graceMs`. */
  rest?(graceMs: number): void;
  /** Cancels those that are parts of the job, which has ended. */
  cancel?(): void;
  /** A part of the job has become live. */
  begun?(child: Job): void;
  /** A part of the job has nothing to do now. */
  idle?(): void;
  /** A part of the job has come to rest, or has ended. */
  rested?(child: Job): void;
}

/** The seam between two floors: what children that are parts of a job need of the jobs of their flow, on the floor above. */
export interface InnerFlow {
  /** Makes a job live that is pending or at rest. */
  goOn(job: Job): void;
  /** The commit by which a job goes on, after all checks. */
  firstCommit(job: Job, redrive: undefined): StatusCommit;
  /** Looks for all that would keep a job from going on. */
  findings(job: Job): readonly PreflightFinding[];
}

/** What an engine without a store does with children. */
export interface InnerUse {
  /** Finds the flow of a text, built of the classes of a registry. */
  flowOf(text: string, registry: Registry): InnerFlow;
  /** Makes the children of a live job. */
  childrenOf(execution: Execution): JobChildren;
}
