import type { MaybePromise, Store } from "../../ports/store.ts";

/** Where the jobs of one test are stored: a folder, a database, a server. */
export interface StorePlace {
  /** Opens the place again, as another process would. All handles see each other's writes. */
  open(): MaybePromise<Store>;
  /** Removes the place, after all handles are closed. */
  dispose?(): MaybePromise<void>;
}

/** The tools of a case. */
export interface Scope {
  /** Opens a handle, which is closed after the case at the latest. */
  open(): Promise<Store>;
  /** Opens two handles; for an exclusive store, returns the same handle twice. */
  openTwo(): Promise<readonly [Store, Store]>;
  /** Closes all handles, and opens a new one, which knows only what is stored. */
  reopen(): Promise<Store>;
  /**
   * Simulates a crash in the middle of the last write, of which a share of the bytes is left, and opens a new handle.
   */
  crash(share: number): Promise<Store>;
  /** Closes all handles. */
  closeAll(): Promise<void>;
  /** Whether leases must go on when a place is opened again. */
  readonly keepsLeases: boolean;
}

/** How places are handled. */
export interface ScopeOptions {
  /** Whether a place can be open only once. */
  readonly isExclusive: boolean;
  /** Ends the open handles without closing them, and keeps a share of the last write. */
  readonly tear: (share: number) => MaybePromise<void>;
}

/** One guarantee of the port, as a test. */
export interface Case {
  /** The guarantee. */
  readonly name: string;
  /** Tests it on an empty place. */
  readonly run: (scope: Scope) => Promise<void>;
}

/** Makes a case that needs one handle. */
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
    keepsLeases: !isExclusive,
  };
}
