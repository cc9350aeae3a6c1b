import type { MaybePromise, Store } from "../../mod.ts";
import { memoryStore } from "../../src/stores/memory_store.ts";
import { createGate, type Gate } from "./gate.ts";

/** A store whose writes wait until a test lets them, or fail as it says. */
export function heldStore(inner: Store = memoryStore()): Store & HeldStore {
  let gate: Gate | undefined;
  let failures = 0;
  let error: Error | undefined;
  let isLate = false;
  const entries: number[] = [];
  const write = async (act: () => MaybePromise<void>): Promise<void> => {
    await gate?.passed;
    if (failures > 0) {
      failures--;
      if (isLate) await act();
      throw error;
    }
    await act();
  };
  const held: HeldStore = {
    appends: entries,
    hold: () => void (gate = createGate()),
    release() {
      gate?.open();
      gate = undefined;
    },
    fail(times, reason = new Error("the disk is full"), late = false) {
      failures = times;
      error = reason;
      isLate = late;
    },
  };
  return {
    ...inner,
    ...held,
    append: (jobId, revision, texts, head) => {
      entries.push(texts.length);
      return write(() => inner.append(jobId, revision, texts, head));
    },
  };
}

/** How a test steers the writes of a store. */
export interface HeldStore {
  /** How many entries each call has brought. */
  readonly appends: readonly number[];
  /** Writes wait from now on. */
  hold(): void;
  /** Writes go on. */
  release(): void;
  /** The next writes fail; a late failure is one whose write has been done. */
  fail(times: number, reason?: Error, late?: boolean): void;
}
