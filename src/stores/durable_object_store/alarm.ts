import type { DurableObjectStorage } from "./storage.ts";

/** How long to leave alone what is due and nobody takes, in milliseconds. */
const PATIENCE_MS = 1_000;

/** Keeps the alarm of an object at the instant at which something is due. */
export class Alarm {
  readonly #storage: DurableObjectStorage;
  readonly #nextDueAt: (now: number) => number | undefined;
  /** Where the alarm stands: not known before it is moved first. */
  #at: number | "none" | "unknown" = "unknown";

  /** Makes the keeper of an alarm; `nextDueAt` says when something is due. */
  constructor(storage: DurableObjectStorage, nextDueAt: (now: number) => number | undefined) {
    this.#storage = storage;
    this.#nextDueAt = nextDueAt;
  }

  /** Moves the alarm, in the turn of the writes that make something due: so it is stored together with them. */
  move(): Promise<void> | undefined {
    const now = Date.now();
    const due = this.#nextDueAt(now);
    const at = due === undefined ? "none" : due > now ? due : this.#isAhead(now) ? this.#at : now;
    if (at === this.#at) return undefined;
    const moved = typeof at === "number" ? this.#storage.setAlarm(at) : this.#storage.deleteAlarm();
    this.#at = at;
    return moved.catch((error) => {
      this.#at = "unknown";
      throw error;
    });
  }

  /** Sets the alarm anew after it has rung: what is still due is left alone for a while. */
  async rearm(): Promise<void> {
    const now = Date.now();
    const due = this.#nextDueAt(now);
    this.#at = due === undefined ? "none" : Math.max(due, now + PATIENCE_MS);
    if (typeof this.#at === "number") await this.#storage.setAlarm(this.#at);
    else await this.#storage.deleteAlarm();
  }

  /** Whether the alarm rings soon anyway, for what is due already. */
  #isAhead(now: number): boolean {
    return typeof this.#at === "number" && this.#at <= now + PATIENCE_MS;
  }
}
