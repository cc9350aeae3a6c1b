import { StateError } from "../../base/errors.ts";
import type { StoreSession } from "../../engine/durable/store_session.ts";
import type { ProcessClock } from "./fleet_clock.ts";
import type { FleetStage } from "./fleet_stage.ts";
import { FleetViolation } from "./fleet_violation.ts";
import type { KeptClaims } from "./kept_claims.ts";

/** For how long a process may do nothing for a job that it has claimed, in milliseconds: it may wait before it repeats a call. */
const IDLE_MS = 400;

/** The process in which jobs are adopted. */
interface AdoptingProcess {
  readonly number: number;
  readonly clock: ProcessClock;
  readonly kept: KeptClaims;
  /** Its engine's use of the store. */
  readonly session: () => StoreSession | undefined;
}

/**
 * The adoptions in a process. When one is over, its job must be let go of, or something else be done for it there: otherwise everybody waits
 * until the engine looks for what it has and does not know, or its lease ends.
 */
export class AdoptionWatch {
  readonly #stage: FleetStage;
  readonly #process: AdoptingProcess;
  /** The jobs that are being moved: how often that was asked for, and which claim there was before. */
  readonly #jobs: Map<string, { count: number; readonly before: string }> = new Map();

  /** Watches the adoptions in a process. */
  constructor(stage: FleetStage, process: AdoptingProcess) {
    this.#stage = stage;
    this.#process = process;
  }

  /** Runs the adoption of a job. */
  async watch(jobId: string, adopt: () => Promise<unknown>): Promise<void> {
    const moving = this.#jobs.get(jobId) ?? { count: 0, before: this.#claimOn(jobId) };
    moving.count++;
    this.#jobs.set(jobId, moving);
    let isRefused = false;
    try {
      await adopt();
    } catch (error) {
      // It was not claimed for this.
      isRefused = error instanceof StateError;
      throw error;
    } finally {
      if (--moving.count === 0) {
        this.#jobs.delete(jobId);
        if (!isRefused && this.#claimOn(jobId) !== moving.before) this.#over(jobId);
      }
    }
  }

  #claimOn(jobId: string): string {
    const { life, epoch } = this.#stage.ledger.lifeOf(jobId) ?? {};
    return `${life} ${epoch}`;
  }

  #over(jobId: string): void {
    const idle = this.#idleOn(jobId);
    if (idle === undefined) return;
    const { clock, number } = this.#process;
    clock.after(IDLE_MS, () => {
      if (this.#idleOn(jobId) !== idle) return;
      this.#stage.fail(
        new FleetViolation("unbounded", `process ${number} has done with the adoption of ${jobId}, and keeps it`),
      );
    });
  }

  /** Says what the process does not do with a job that it has claimed: see `KeptClaims`. */
  #idleOn(jobId: string): string | undefined {
    const { number, kept, session: open } = this.#process;
    const { claim } = this.#stage.ledger.lifeOf(jobId) ?? {};
    const session = open();
    if (claim?.process !== number || session?.liveJob(jobId) !== undefined) return undefined;
    // One of an incarnation before is free when the lease of that has ended.
    if (session?.ownership.lease()?.incarnation !== claim.incarnation) return undefined;
    return kept.idleOn({ jobId, epoch: claim.epoch });
  }
}
