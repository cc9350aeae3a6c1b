import type { ValueLimits } from "../values/payload.ts";
import { apply } from "../job/apply.ts";
import { adoptLimits, type Job, type JobLimits } from "../job/job.ts";
import type { Task } from "../job/task.ts";
import type { Claim } from "./claim.ts";
import { CommitDecoder } from "./commit.ts";
import { parseText } from "./envelope.ts";
import { readJob } from "./job.ts";

/** A job that is built from its snapshot and the entries after it: recovery and time travel. */
export class Replay {
  /** The job, as the entries so far have left it. */
  readonly job: Job;
  /** The last claim so far. */
  claim: Claim | undefined;
  /** By id: those of the job, and those that have ended since. */
  readonly #tasks: Map<number, Task> = new Map();
  readonly #decoder: CommitDecoder;

  /**
   * Reads the snapshot.
   *
   * @throws {SerializationError} when it is no text of a job
   */
  constructor(snapshot: string, limits: ValueLimits & JobLimits) {
    this.job = readJob(snapshot, limits);
    adoptLimits(this.job, limits);
    for (const task of this.job.tasks) this.#tasks.set(task.id, task);
    for (const { task } of this.job.failures) this.#tasks.set(task.id, task);
    this.#decoder = new CommitDecoder(this.job, (id) => this.#tasks.get(id), limits);
  }

  /**
   * Applies the next entry.
   *
   * @throws {SerializationError} when it is no text of a commit, naming the path
   * @throws {StateError} when it does not follow the entries before
   */
  apply(text: string): void {
    const entry = this.#decoder.read(parseText(text, "routilux/commit"));
    if (entry.kind === "claim") {
      this.claim = entry;
      return;
    }
    apply(this.job, entry);
    // A failed task may be put back; a finished one is never named again.
    if (entry.kind === "step" && entry.outcome === "done") this.#tasks.delete(entry.task.id);
    if (entry.kind === "step") { for (const { id } of entry.effects?.withdrawn ?? []) this.#tasks.delete(id); }
    if (entry.kind === "step" || entry.kind === "deferred" || entry.kind === "failure" || entry.kind === "status") {
      for (const task of entry.created) this.#tasks.set(task.id, task);
    } else if (entry.kind === "deliver") this.#tasks.set(entry.task.id, entry.task);
  }

  /** The job, ready for a preflight. */
  finish(): Job {
    this.job.classes = new Map([...this.#decoder.classes, ...this.job.classes]);
    return this.job;
  }
}
