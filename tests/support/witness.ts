import type { Context } from "../../mod.ts";
import type { Job } from "../../src/job/job.ts";

/** A context, whatever its handler stores as progress. */
export type AnyContext = Omit<Context, "progress" | "checkpoint">;

/** Something that a scripted handler has done through its context, and that a commit is to bring into the job. */
export type Deed =
  | { readonly kind: "emit" | "defer"; readonly event: string; readonly seed: number }
  | { readonly kind: "expect" }
  | { readonly kind: "output" };

/** Sees all that happens in a line of hosts. */
export interface Witness {
  /** A handler has been called, or a generator begins. */
  started(ctx: AnyContext): void;
  /** A handler has done something. */
  did(ctx: AnyContext, deed: Deed): void;
  /** A handler is about to return. */
  returned(ctx: AnyContext): void;
  /** An item has come with another value than it was sent with. */
  mistook(ctx: AnyContext, got: string, sent: string): void;
  /** Something will be delivered from outside. */
  delivering(routine: string, slot: string, seed: number | undefined): void;
  /** It was refused. */
  refused(): void;
  /** The job has been made, or read on another host. */
  received(job: Job): void;
  /** A commit has been performed; or the job has been resumed. */
  committed(job: Job): void;
  /** What is known at this moment, for the line that begins with a snapshot taken now. */
  fork(): Witness;
}

/** Sees to values only: no run may go on with a wrong one. */
export class ValueWitness implements Witness {
  /** Values that came as others. */
  readonly mistakes: string[] = [];

  mistook({ routineId, idempotencyKey }: AnyContext, got: string, sent: string): void {
    this.mistakes.push(`${idempotencyKey} of ${routineId} got ${got}, sent was ${sent}`);
  }

  started(): void {}
  did(): void {}
  returned(): void {}
  delivering(): void {}
  refused(): void {}
  received(): void {}
  committed(): void {}

  fork(): Witness {
    return this;
  }
}
