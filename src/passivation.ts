import { type Execution, executionOf } from "./engine/execution/execution.ts";
import type { CancelTimer, Timers } from "./ports/timers.ts";
import { nextDueAt } from "./job/ready_queue.ts";

/**
 * Lets go of a live job that only waits, and has nothing due for a while: it takes no memory then, and its place in the store says
 * when it is due. Returns the function that ends that.
 */
export function passivate(execution: Execution, timers: Timers, idleMs: number): () => void {
  let stopTimer: CancelTimer | undefined;
  const stop = () => {
    stopTimer?.();
    stopTimer = undefined;
  };
  const release = () => {
    stopTimer = undefined;
    const due = nextDueAt(execution.job, timers.now());
    // Another execution may have taken the place of the first one.
    if (due === undefined || due > timers.now()) executionOf(execution.job)?.rest(undefined, 0);
  };
  const idle = () => {
    stop();
    const due = nextDueAt(execution.job, timers.now()) ?? Infinity;
    if (due - timers.now() > idleMs) stopTimer = timers.after(idleMs, release);
  };
  if (idleMs === Infinity) return stop;
  const stopIdle = execution.listeners.onIdle(idle);
  const stopCommit = execution.listeners.onCommit(stop);
  // It may be idle already: then it says so again.
  execution.poll();
  return () => {
    stop();
    stopIdle();
    stopCommit();
  };
}
