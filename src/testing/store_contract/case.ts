import type { MaybePromise, Store } from "../../ports/store.ts";

/** Where the jobs of one test are kept: a folder, a database, a server. */
export interface StorePlace {
  /** Opens the place once more, as another process would. What one handle has stored, the others see. */
  open(): MaybePromise<Store>;
  /** Clears it away; all handles are closed by then. */
  dispose?(): MaybePromise<void>;
}

/** What a case is given to work with. */
export interface Scope {
  /** A handle; it is closed after the case at the latest. */
  open(): Promise<Store>;
  /** Two handles at once; twice the same of a store that lets only one be open. */
  openTwo(): Promise<readonly [Store, Store]>;
  /** Closes all handles, and opens another: all that it knows is what was kept. */
  reopen(): Promise<Store>;
  /** Ends the process in the middle of its last write, of which a share of the bytes is left, and opens another handle. */
  crash(share: number): Promise<Store>;
  /** Closes all handles. */
  closeAll(): Promise<void>;
}

/** How the places of a store are handled. */
export interface ScopeOptions {
  /** Whether a place can be open once only. */
  readonly isExclusive: boolean;
  /** Ends the open handles without closing them, and leaves a share of what was written last. */
  readonly tear: (share: number) => MaybePromise<void>;
}

/** One promise of the port, as a test. */
export interface Case {
  /** The promise. */
  readonly name: string;
  /** Tries it on an empty place. */
  readonly run: (scope: Scope) => Promise<void>;
}

/** A case that needs one handle. */
export function withStore(name: string, run: (store: Store) => Promise<void>): Case {
  return { name, run: async (scope) => await run(await scope.open()) };
}

/** Makes the scope of one case. */
export function createScope(place: StorePlace, { isExclusive, tear }: ScopeOptions): Scope {
  const handles = new Set<Store>();
  const open = async (): Promise<Store> => {
    const store = await place.open();
    handles.add(store);
    return store;
  };
  const closeAll = async (): Promise<void> => {
    for (const store of handles) {
      handles.delete(store);
      await store.close();
    }
  };
  return {
    open,
    async openTwo() {
      const store = await open();
      return [store, isExclusive ? store : await open()];
    },
    async reopen() {
      await closeAll();
      return await open();
    },
    async crash(share) {
      handles.clear();
      await tear(share);
      return await open();
    },
    closeAll,
  };
}
