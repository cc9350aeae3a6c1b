import type { Store, StoreEvent } from "../../src/ports/mod.ts";
import { createLatch } from "./latch.ts";

/** The events of a store, for a test that waits for them. */
export interface AwaitedEvents {
  /** Resolves when the store has told an event of a type since the last one that was waited for. */
  until(type: StoreEvent["type"]): Promise<void>;
  /** Ends the watch. */
  stop(): void;
}

/** Watches a store that can be watched. */
export function awaitEvents({ watch }: Store): AwaitedEvents {
  const events: StoreEvent[] = [];
  let next = createLatch();
  const stop = watch?.((event) => {
    events.push(event);
    next.open();
  });
  return {
    async until(type) {
      while (!events.some((it) => it.type === type)) {
        await next.passed;
        next = createLatch();
      }
      events.length = 0;
    },
    stop: () => void stop?.(),
  };
}
