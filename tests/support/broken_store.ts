import type { Store } from "../../src/ports/mod.ts";

/** A store that breaks one rule of the store contract, and the name of the contract's test that must fail. */
export interface BrokenStore {
  /** The broken rule. */
  readonly what: string;
  /** A part of the test's name. */
  readonly noticedBy: string;
  /** The broken methods, which replace those of a good store. */
  readonly methods: (store: Store) => Partial<Store>;
}

/** Waits for a number of microtasks. */
export async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await undefined;
}
