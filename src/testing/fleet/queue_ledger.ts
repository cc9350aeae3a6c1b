import type { JobRecord, PermitQuery } from "../../ports/store.ts";
import { isHeld } from "../../ports/store_kit.ts";
import type { QueueOptions } from "../../work_options.ts";
import { FleetViolation } from "./fleet_violation.ts";

/** What an incarnation has of a queue. */
interface Holder {
  readonly queue: string;
  readonly incarnation: number;
  readonly call: number;
  readonly permits: number;
}

/** What workers have taken of queues with limits. */
export class QueueLedger {
  readonly #queues: readonly QueueOptions[];
  /** When jobs were taken of each queue, by the store. */
  readonly #starts: Map<string, number[]> = new Map();
  /** The lives of jobs that were claimed last only for the sake of their commands. */
  readonly #served: Set<number> = new Set();
  /** How many permits of each queue incarnations have, by their last calls. */
  readonly #permits: Map<string, Holder> = new Map();

  /** Makes the ledger of queues of which nothing was taken. */
  constructor(queues: readonly QueueOptions[]) {
    this.#queues = queues;
  }

  /** Whether there are queues with limits. */
  get hasLimits(): boolean {
    return this.#queues.length > 0;
  }

  /** Notes the answer to a call for permits. */
  permitted({ queue, incarnation, call, kept }: PermitQuery, granted: number): void {
    const key = `${queue} ${incarnation}`;
    if ((this.#permits.get(key)?.call ?? 0) > call) return;
    this.#permits.set(key, { queue, incarnation, call, permits: kept + granted });
  }

  /** The incarnation that has more permits of a queue than jobs, if one has: `isThere` says whether its lease runs. */
  spare(records: readonly JobRecord[], isThere: (incarnation: number) => boolean): string | undefined {
    for (const { queue, incarnation, permits } of this.#permits.values()) {
      const jobs = records.filter((it) => it.queue === queue && it.incarnation === incarnation).length;
      if (permits > jobs && isThere(incarnation)) {
        return `incarnation ${incarnation} keeps ${permits} permits of queue ${queue}, and has ${jobs} jobs of it`;
      }
    }
    return undefined;
  }

  /**
   * Notes that jobs were claimed; `before` are all jobs as they were before. Those that were taken only for the sake of their commands are
   * not worked on, also when the engine that has them claims them again.
   *
   * @throws {FleetViolation} when there are more of a queue than its limits allow
   */
  claimed(
    claimed: readonly JobRecord[],
    before: readonly JobRecord[],
    now: number,
    by: "take" | "take unread" | "claim",
  ): void {
    for (const { life, queue } of claimed) {
      const isHeldBefore = before.some((it) => it.life === life && it.owner !== undefined);
      if (by === "take unread" && this.#queues.some(({ name }) => name === queue)) this.#served.add(life);
      else if (by === "take" || !isHeldBefore) this.#served.delete(life);
    }
    this.#check(claimed.filter(({ life }) => !this.#served.has(life)), before, now, by === "take");
  }

  /**
   * Notes that a handler of a job starts.
   *
   * @throws {FleetViolation} when the job was claimed only for the sake of its commands
   */
  starts(life: number, jobId: string): void {
    if (!this.#served.has(life)) return;
    throw new FleetViolation(
      "too many",
      `a handler of job ${jobId} runs, which was taken without a place in its queue`,
    );
  }

  #check(claimed: readonly JobRecord[], before: readonly JobRecord[], now: number, isTaken: boolean): void {
    for (const { name, globalConcurrency = Infinity, rate } of this.#queues) {
      const count = claimed.filter(({ queue }) => queue === name).length;
      if (count === 0) continue;
      const lives = new Set(claimed.map(({ life }) => life));
      const isOther = ({ life }: JobRecord) => !lives.has(life) && !this.#served.has(life);
      const others = before.filter((it) => it.queue === name && isHeld(it, now) && isOther(it));
      const held = others.length + count;
      if (held > globalConcurrency) {
        const ids = others.map(({ jobId, owner }) => `${owner} has ${jobId}`).join(", ");
        throw new FleetViolation("too many", `${held} jobs of queue ${name} are worked on at the same time: ${ids}`);
      }
      if (!isTaken || rate === undefined) continue;
      const starts = this.#starts.get(name)?.filter((at) => at > now - rate.perMs) ?? [];
      starts.push(...Array<number>(count).fill(now));
      this.#starts.set(name, starts);
      if (starts.length > rate.count) {
        const why = `${starts.length} jobs of queue ${name} were taken within ${rate.perMs} ms: at ${
          starts.join(", ")
        }`;
        throw new FleetViolation("too many", why);
      }
    }
  }
}
