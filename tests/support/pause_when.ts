import type { Flow, JobState, PauseOptions } from "../../mod.ts";

/** Pauses a live job at the first commit at which a condition holds; resolves when the job is paused. */
export async function pauseWhen(
  flow: Flow,
  job: JobState,
  condition: (job: JobState) => boolean,
  options: PauseOptions = {},
): Promise<void> {
  let pause: Promise<void> | undefined;
  let isAsked = false;
  await flow.waitUntil(job, () => {
    if (!isAsked && job.status === "running" && condition(job)) {
      isAsked = true;
      pause = flow.pause(job, options);
    }
    return false;
  });
  await pause;
}
