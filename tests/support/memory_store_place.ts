import type { Store } from "../../src/ports/mod.ts";
import { memoryStore } from "../../src/stores/memory_store.ts";
import type { StorePlace } from "../../src/testing/store_contract.ts";
import { wrapStore } from "./wrapped_store.ts";

/** A place in memory whose handles can be closed one by one. */
export function memoryPlace(): StorePlace {
  const store = memoryStore();
  return { open: () => memoryHandle(store), dispose: () => store.close() };
}

/** A handle on a store that others use too: its end is its own. */
export function memoryHandle(store: Store): Store {
  let isClosed = false;
  const handle = wrapStore(store, (call) => (...args) => {
    if (isClosed) throw new Error("The handle is closed");
    return call(...args);
  });
  return { ...handle, close: () => void (isClosed = true) };
}
