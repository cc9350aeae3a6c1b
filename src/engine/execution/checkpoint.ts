import { ignoreRejection } from "../../base/thenable.ts";
import type { Payload } from "../../values/payload.ts";
import type { Activation } from "../activation/activation.ts";
import type { Execution } from "./execution.ts";
import type { Pacer } from "./loop.ts";

/**
 * Commits a checkpoint. The promise resolves when that is stored (in a later macrotask, if the slice of the event loop is used
 * up), and rejects when the handler is aborted before.
 */
export function storeCheckpoint(
  execution: Execution,
  activation: Activation,
  progress: Payload | undefined,
  pacer: Pacer,
): Promise<void> {
  let isPending = true;
  let stop: (() => void) | undefined;
  const stored = new Promise<void>((resolve, reject) => {
    const goOn = () => {
      isPending = false;
      stop?.();
      resolve();
    };
    execution.step(activation, "active", progress, () => pacer.pass(execution.time(), goOn));
    execution.poll();
    if (isPending) stop = activation.onAbort(reject);
  });
  // An abort is told by the signal too, and a step that cannot be taken ends the handler: it need not wait for a checkpoint to hear of them.
  if (isPending) ignoreRejection(stored);
  return stored;
}
