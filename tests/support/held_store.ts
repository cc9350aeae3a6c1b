import type { MaybePromise, Store } from "../../src/ports/mod.ts";
import { memoryStore } from "../../src/stores/memory_store.ts";
import { createLatch, type Latch } from "./latch.ts";

/** Wraps a store: the test decides when its writes continue, and whether they fail. */
export function heldStore(inner: Store = memoryStore()): Store & HeldStore {
  let gate: Latch | undefined;
  let failures = 0;
  let error: Error | undefined;
  let isLate = false;
  const entries: number[] = [];
  const write = async <T>(act: () => MaybePromise<T>): Promise<T> => {
    await gate?.passed;
    if (failures > 0) {
      failures--;
      if (isLate) await act();
      throw error;
    }
    return await act();
  };
  const held: HeldStore = {
    appends: entries,
    hold: () => void (gate = createLatch()),
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
  const { append } = inner;
  return {
    ...inner,
    ...held,
    append: (claim, revision, texts, head) => {
      entries.push(texts.length);
      return write(() => append(claim, revision, texts, head));
    },
  };
}

/** The controls of a held store. */
export interface HeldStore {
  /** The number of entries of each call of `append`. */
  readonly appends: readonly number[];
  /** Lets writes wait from now on. */
  hold(): void;
  /** Lets waiting and later writes continue. */
  release(): void;
  /** Lets the next writes fail; a late failure comes after the write was made. */
  fail(times: number, reason?: Error, late?: boolean): void;
}
