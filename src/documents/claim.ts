import * as c from "./codec.ts";
import { once } from "./schema.ts";

/** An entry of a journal that says which tasks stood first when an engine claimed a job whose owner before had died. */
export interface Claim {
  /** Tells it from commits. */
  readonly kind: "claim";
  /** When it was made, in milliseconds since 1970. */
  readonly at: number;
  /** The last command of the job's inbox that was consumed by then; 0 for none. */
  readonly consumed: number;
  /** How often the job has been claimed. */
  readonly epoch: number;
  /** The engine that has it now. */
  readonly owner: string | undefined;
  /** The incarnation of that engine. */
  readonly incarnation: number | undefined;
  /** The tasks that stood first, if the job was claimed. */
  readonly tried: readonly FirstAttempt[];
  /** When the lease ends, in milliseconds since 1970. */
  readonly until: number | undefined;
}

/** A task that stood first when a job was claimed. */
export interface FirstAttempt {
  /** The id of the task. */
  readonly task: number;
  /** How often it had failed by then. */
  readonly attempt: number;
  /** How many of its steps had been committed by then. */
  readonly step: number;
  /** How many recoveries have found it like this. */
  readonly recoveries: number;
  /** The incarnations that have died with it, as far as was known. */
  readonly died: readonly number[];
  /** The incarnations that have lost the job with it and lived on. */
  readonly survived: readonly number[];
}

/** An engine has claimed a job whose owner before had died: an entry of the journal that changes nothing of the job. */
export interface ClaimDocument {
  /** When it was made. */
  readonly at: string;
  /** The last command of the job's inbox that was consumed by then. */
  readonly consumed?: number;
  /** How often the job has been claimed. */
  readonly epoch: number;
  /** Tells a commit from a job. */
  readonly format: "routilux/commit";
  /** The incarnation of the engine. */
  readonly incarnation?: number;
  /** Tells the kinds apart. */
  readonly kind: "claim";
  /** The engine that has it now; none when it lets go. */
  readonly owner?: string;
  /** The tasks that stood first, with how often that was so when a process died before they had come further. */
  readonly tried?: readonly FirstAttemptDocument[];
  /** When the lease ends. */
  readonly until?: string;
  /** The version of the format. */
  readonly version: 1;
}

/** A task that stood first when a job was claimed. */
export interface FirstAttemptDocument {
  /** How often it had failed by then. */
  readonly attempt: number;
  /** The incarnations that have died with it, as far as was known. */
  readonly died?: readonly number[];
  /** How many recoveries have found it like this. */
  readonly recoveries: number;
  /** How many of its steps had been committed by then. */
  readonly step: number;
  /** The incarnations that have lost the job with it and lived on. */
  readonly survived?: readonly number[];
  /** The id of the task. */
  readonly task: number;
}

// Marked as pure: a bundle without a store leaves it out.
/** Makes the codec of claims. */
export const claimCodec: () => c.Codec<Claim, ClaimDocument> = /* @__PURE__ */ once(() =>
  c.shape({
    at: c.instant,
    consumed: c.optionalCount,
    format: c.mark("routilux/commit"),
    version: c.mark(1),
    epoch: c.positive,
    incarnation: c.optional(c.positive),
    kind: c.literal("claim"),
    owner: c.optional(c.name),
    tried: c.optionalList(c.shape({
      attempt: c.count,
      died: c.optionalList(c.positive),
      recoveries: c.count,
      step: c.count,
      survived: c.optionalList(c.positive),
      task: c.positive,
    })),
    until: c.optional(c.instant),
  })
);
