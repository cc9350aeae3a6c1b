import { StateError } from "../../base/errors.ts";
import type { JobCommand } from "../../stored_jobs.ts";
import type { FleetLedger } from "./fleet_ledger.ts";
import type { FleetJob } from "./fleet_options.ts";
import type { FleetProcess } from "./fleet_process.ts";
import type { FleetTrace } from "./fleet_trace.ts";
import { FleetViolation } from "./fleet_violation.ts";

/** What a client asks for. */
export type ClientTask =
  | { readonly type: "start"; readonly jobId: string; readonly job: FleetJob }
  | { readonly type: "send"; readonly jobId: string; readonly command: JobCommand; readonly key: string }
  | { readonly type: "direct"; readonly jobId: string; readonly verb: "pause" | "resume" | "cancel" }
  | { readonly type: "delete"; readonly jobId: string };

/** How long a client waits for what it has asked for before it asks again, in milliseconds. */
const PATIENCE_MS = 4_000;

/** How often it asks. */
const MOST_TRIES = 5;

/** Somebody outside of the fleet: asks processes for one thing after the other, and again when there is no answer. */
export class FleetClient {
  readonly #tasks: ClientTask[];
  readonly #ledger: FleetLedger;
  readonly #trace: FleetTrace;
  readonly #onError: (error: unknown) => void;
  readonly #deleteJob: (jobId: string, done: (isDeleted: boolean) => void) => void;
  #tries = 0;
  /** Until when it waits; `undefined` while it waits for nothing. */
  #waitsUntil: number | undefined;
  #round = 0;

  /** Makes a client with its tasks. */
  constructor(
    tasks: readonly ClientTask[],
    ledger: FleetLedger,
    trace: FleetTrace,
    deleteJob: (jobId: string, done: (isDeleted: boolean) => void) => void,
    onError: (error: unknown) => void,
  ) {
    this.#tasks = [...tasks];
    this.#ledger = ledger;
    this.#trace = trace;
    this.#deleteJob = deleteJob;
    this.#onError = onError;
  }

  /** Whether it has nothing left to do. */
  get isDone(): boolean {
    return this.#tasks.length === 0;
  }

  /** Whether it does something when it is called at a time. */
  isReady(now: number): boolean {
    const [task] = this.#tasks;
    if (task === undefined) return false;
    if (task.type === "start" && this.#waitsUntil !== undefined && this.#exists(task.jobId)) return true;
    return this.#waitsUntil === undefined || this.#waitsUntil <= now;
  }

  /** Asks a process for the next thing, or again for the last. */
  act(process: FleetProcess, now: number): void {
    const [task] = this.#tasks;
    if (task === undefined) return;
    const isAgain = this.#waitsUntil !== undefined;
    if (task.type === "start" && this.#exists(task.jobId)) return this.#next();
    if (isAgain && ++this.#tries >= MOST_TRIES && task.type !== "start") return this.#next();
    this.#waitsUntil = now + PATIENCE_MS;
    const round = ++this.#round;
    const what = task.type === "send"
      ? `${task.key} (${task.command.type})`
      : task.type === "direct"
      ? task.verb
      : task.type;
    this.#trace.add(() => `client asks process ${process.number} for ${what} of ${task.jobId}`);
    try {
      this.#ask(task, process, round);
    } catch (error) {
      // A refusal at once.
      if (!(error instanceof StateError)) throw error;
      if (task.type !== "start") this.#next();
    }
  }

  #ask(task: ClientTask, process: FleetProcess, round: number): void {
    switch (task.type) {
      case "start":
        return process.start(task.jobId, task.job);
      case "direct":
        process.direct(task.jobId, task.verb);
        return this.#next();
      case "delete":
        return this.#deleteJob(task.jobId, (isDeleted) => {
          if (this.#round !== round) return;
          if (isDeleted) this.#next();
          else this.#waitsUntil = 0;
        });
      case "send":
        process.send(task.jobId, task.command, task.key).then(
          () => this.#settled(task, round, "accepted"),
          (error: unknown) => this.#settled(task, round, error instanceof StateError ? "refused" : "unknown", error),
        );
    }
  }

  #settled(
    { jobId, key }: ClientTask & { readonly type: "send" },
    round: number,
    answer: "accepted" | "refused" | "unknown",
    error?: unknown,
  ): void {
    const isStored = this.#ledger.hasCommand(jobId, key);
    const why = error instanceof Error ? `: ${error.message}` : "";
    this.#trace.add(() => `  client: ${key} to ${jobId} is ${answer}${why}`);
    if (answer === "accepted" && !isStored) {
      this.#onError(new FleetViolation("lost or doubled", `command ${key} to ${jobId} was accepted and is not stored`));
    }
    if (answer === "refused" && isStored && this.#tries === 0 && this.#round === round) {
      this.#onError(new FleetViolation("lost or doubled", `command ${key} to ${jobId} was refused, and it is stored`));
    }
    if (this.#round !== round) return;
    if (answer !== "unknown") this.#next();
    // It asks again: with the same key, that is right.
    else this.#waitsUntil = 0;
  }

  #exists(jobId: string): boolean {
    return this.#ledger.lifeOf(jobId) !== undefined;
  }

  #next(): void {
    this.#tasks.shift();
    this.#tries = 0;
    this.#waitsUntil = undefined;
    this.#round++;
  }
}
