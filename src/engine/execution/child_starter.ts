import type { Child } from "../../job/children.ts";
import type { Activation } from "../activation/activation.ts";
import type { ChildRequest } from "../activation/activation_host.ts";
import { createChild } from "../activation/child_request.ts";
import type { StoreSession } from "../durable/store_session.ts";
import { cancelIfDeleted, startChildren } from "../durable/child_jobs.ts";
import type { ChildEnded } from "../../documents/command.ts";
import { childEndCommit } from "./child_ends.ts";
import type { Execution } from "./execution.ts";
import type { JobChildren } from "./job_children.ts";
import { needsKeys } from "./first_commit.ts";

/** Makes the children that a live job asks for, and starts them as soon as the step that has asked for them is stored. */
export class ChildStarter implements JobChildren {
  /** Those that have been started are jobs of their own. */
  readonly isBusy = false;
  /** They go on by themselves. */
  readonly areAtRest = true;
  readonly #execution: Execution;
  readonly #session: StoreSession;
  /** Whether children are being started. */
  isStarting = false;

  /** Makes the starter of a job's children. */
  constructor(execution: Execution, session: StoreSession) {
    this.#execution = execution;
    this.#session = session;
  }

  create(asker: Activation, siblings: ReadonlyMap<string, Child>, request: ChildRequest): Child {
    return createChild(this.#execution, asker, siblings, request);
  }

  /** Starts all that is to be started, now or when that is stored. */
  start(): void {
    if (this.isStarting || this.#execution.job.children?.hasUnsettled !== true) return;
    this.isStarting = true;
    this.#execution.committer.whenStored(() => void this.#run());
  }

  async #run(): Promise<void> {
    const { job, committer } = this.#execution;
    try {
      while (!this.#execution.isOver && job.children?.hasUnsettled === true) {
        const { opened, ended } = await startChildren(job, job.children.unsettled, this.#session);
        if (!this.#execution.isOver) this.#commit(opened, ended);
      }
    } catch (error) {
      // Unreachable default: it is a StoreError.
      const reason = error instanceof Error ? error : new Error("the store has failed", { cause: error });
      // The next engine that claims the job starts them.
      committer.journal?.lose(reason);
    }
    if (this.#execution.isOver) await cancelIfDeleted(job, this.#session);
    this.isStarting = false;
    this.#execution.poll();
  }

  #commit(all: readonly string[], ended: readonly ChildEnded[]): void {
    const { job, committer } = this.#execution;
    // One may have ended, and been delivered, since.
    const opened = all.filter((id) => job.children?.get(id) !== undefined);
    if (opened.length > 0) {
      committer.perform({ kind: "children", time: this.#execution.time(), opened, isSettled: false });
    }
    const hasKeys = needsKeys(job, this.#execution.plan.graph, this.#session.settings.mode);
    for (const end of ended) {
      const commit = childEndCommit(job, end, this.#execution.time(), hasKeys, undefined);
      if (commit !== undefined) this.#execution.bringIn(commit);
    }
  }
}
