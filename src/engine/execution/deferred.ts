import { StepLimitError } from "../../base/errors.ts";
import { deferredCommit } from "../activation/commits.ts";
import type { Execution } from "./execution.ts";

/** Sends the deferred events of a job. Returns why the job must end instead: it may not make so many tasks. */
export function sendDeferred(execution: Execution): StepLimitError | undefined {
  try {
    const { committer, job, plan } = execution;
    const commit = deferredCommit(job, plan, execution.time());
    committer.perform(commit, commit.created);
    return undefined;
  } catch (error) {
    // Unreachable default: nothing else is thrown here, and a defect must not look like a limit.
    if (error instanceof StepLimitError) return error;
    throw error;
  }
}
