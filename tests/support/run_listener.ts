import type { Context } from "../../mod.ts";
import type { Job } from "../../src/job/job.ts";
import type { Route } from "../../src/job/task.ts";

/** A context, whatever its handler stores as progress. */
export type AnyContext = Omit<Context, "progress" | "checkpoint">;

/** A call of a scripted handler on its context that a commit must bring into the job. */
export type HandlerEffect =
  | { readonly kind: "emit"; readonly event: string; readonly seed: number; readonly key: string | undefined }
  | { readonly kind: "defer"; readonly event: string; readonly seed: number }
  | { readonly kind: "recall"; readonly event: string; readonly key: string }
  | { readonly kind: "expect" }
  | { readonly kind: "output" };

/** Hears of everything that happens to a job while it moves from host to host. */
export interface RunListener {
  /** A handler has been called, or a generator begins. */
  started(ctx: AnyContext): void;
  /** A handler has made a call with an effect. */
  did(ctx: AnyContext, effect: HandlerEffect): void;
  /** A handler is about to return. */
  returned(ctx: AnyContext): void;
  /** A handler has received an item with another value than was sent. */
  mistook(ctx: AnyContext, got: string, sent: string): void;
  /** Something will be delivered from outside. */
  delivering(routine: string, slot: string, seed: number | undefined): void;
  /** The delivery from outside was refused. */
  refused(): void;
  /** The failures of these tasks will be dropped by the next commit. */
  discarding(tasks: readonly number[]): void;
  /** A failure of a task will be replaced by a task with another item. */
  replacing(task: number, route: Route, seed: number): void;
  /** The job has been made, or read on another host. */
  received(job: Job): void;
  /** A commit has been performed; or the job has been resumed. */
  committed(job: Job): void;
  /** A copy of the listener's state, for the host that continues from a snapshot taken now. */
  fork(): RunListener;
}

/** Checks only the values that handlers receive. */
export class ValueListener implements RunListener {
  /** The values that arrived changed, as sentences. */
  readonly mistakes: string[] = [];

  mistook({ routineId, idempotencyKey }: AnyContext, got: string, sent: string): void {
    this.mistakes.push(`${idempotencyKey} of ${routineId} got ${got}, sent was ${sent}`);
  }

  started(): void {}
  did(): void {}
  returned(): void {}
  delivering(): void {}
  refused(): void {}
  discarding(): void {}
  replacing(): void {}
  received(): void {}
  committed(): void {}

  fork(): RunListener {
    return this;
  }
}
