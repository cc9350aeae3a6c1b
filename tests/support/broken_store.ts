import type { Store } from "../../mod.ts";

/** A store that breaks one promise, and the test of the contract that is there to notice it. */
export interface BrokenStore {
  /** The broken promise. */
  readonly what: string;
  /** What the name of the test has in it. */
  readonly noticedBy: string;
  /** The methods that are broken, over those of a good store. */
  readonly methods: (store: Store) => Partial<Store>;
}

/** Waits for some turns of the queue of promises. */
export async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await undefined;
}
