/** A command that changes how a job stands. */
export type Verb = "pause" | "resume" | "cancel" | "redrive";

/** An effect of a command on a job's status: which command it was, as far as the job says so. */
export interface Effect {
  readonly status: "paused" | "running" | "cancelled";
  readonly key: string | undefined;
}

/** A job as it must be by the commands that were accepted. */
export class SteeredJob {
  readonly jobId: string;
  /** The deliveries that were accepted, and their keys. */
  readonly visits: Map<number, string> = new Map();
  /** The effects that the accepted commands have on its status, in this order. */
  readonly effects: Effect[] = [];
  status: Effect["status"] = "running";
  /** Whether the store has it. */
  isStarted = false;
  /** Resolves when its first handler has committed. */
  begun: Promise<void> | undefined;
  hasBegun = false;
  /** Whether nothing is told it any more. */
  isFinished = false;
  /** Whether it was told to finish. */
  isAnswered = false;
  wasCancelled = false;
  /** The status in which it has ended. */
  ended: unknown;
  #turn: Promise<void> = Promise.resolve();
  #start: Promise<void> | undefined;
  #visits = 0;
  #verbs = 0;

  /** Makes a job that is to be started by the first call in turn. */
  constructor(jobId: string) {
    this.jobId = jobId;
  }

  /** The number of the next delivery. */
  nextVisit(): number {
    return ++this.#visits;
  }

  /** The number of the next verb. */
  nextVerb(): number {
    return ++this.#verbs;
  }

  /** Calls in turn; the first call starts the job. */
  inTurn(call: () => Promise<unknown>): Promise<void> {
    const done = this.#turn.then(call).then(() => void (this.isStarted = true));
    this.#turn = done;
    this.#start ??= done;
    return done;
  }

  /** Calls when the job is started. */
  async whenStarted(call: () => Promise<void>): Promise<void> {
    await this.#start;
    await call();
  }

  /** Chooses a verb by a lot from 0 to 9: mostly one that changes something. Few jobs are cancelled, and none before it has begun. */
  chooseVerb(lot: number): Verb {
    if (this.status === "cancelled") return "redrive";
    if (lot === 0 && this.hasBegun) return "cancel";
    const [useful, useless] = this.status === "running" ? ["pause", "resume"] as const : ["resume", "pause"] as const;
    return lot < 8 ? useful : useless;
  }

  /** Notes that a verb was accepted. */
  steered(verb: Verb, key: string): void {
    const { status } = this;
    if (verb === "pause" && status === "running") this.#become("paused", key);
    else if (verb === "resume" && status === "paused") this.#become("running");
    else if (verb === "redrive" && status === "cancelled") this.#become("running");
    else if (verb === "cancel" && status !== "cancelled") {
      this.wasCancelled = true;
      this.#become("cancelled", key);
    }
  }

  #become(status: Effect["status"], key?: string): void {
    this.status = status;
    this.effects.push({ status, key });
  }
}
