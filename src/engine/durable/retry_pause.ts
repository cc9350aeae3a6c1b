import type { Timers } from "../../ports/timers.ts";
import { delayAfter, type DurabilitySettings } from "./durability_settings.ts";

/**
 * Waits as long as the next try of a call of the store waits after so many failures.
 *
 * @throws the signal's reason when it is aborted
 */
export async function pauseAfter(
  failures: number,
  { timers, settings }: { readonly timers: Timers; readonly settings: DurabilitySettings },
  signal?: AbortSignal,
): Promise<void> {
  signal?.throwIfAborted();
  await new Promise<void>((resolve) => {
    const end = () => {
      stop();
      signal?.removeEventListener("abort", end);
      resolve();
    };
    const stop = timers.after(delayAfter(failures, settings), end);
    signal?.addEventListener("abort", end);
  });
  signal?.throwIfAborted();
}
