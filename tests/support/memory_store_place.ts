import type { Store } from "../../src/ports/mod.ts";
import { memoryStore } from "../../src/stores/memory_store.ts";
import type { StorePlace } from "../../src/testing/mod.ts";

/** A place in memory whose handles can be closed one by one. */
export function memoryPlace(): StorePlace {
  const store = memoryStore();
  return { open: () => memoryHandle(store), dispose: () => store.close() };
}

/** A handle on a store that others use too: its end is its own. */
export function memoryHandle(store: Store): Store {
  let isClosed = false;
  const open = (): Store => {
    if (isClosed) throw new Error("The handle is closed");
    return store;
  };
  return {
    create: (job) => open().create(job),
    find: (jobId) => open().find(jobId),
    load: (jobId) => open().load(jobId),
    append: (jobId, revision, entries, head) => open().append(jobId, revision, entries, head),
    compact: (jobId, revision, snapshot) => open().compact(jobId, revision, snapshot),
    send: (jobId, command, key) => open().send(jobId, command, key),
    inbox: (jobId, after) => open().inbox(jobId, after),
    due: (query) => open().due(query),
    ...(store.watch === undefined ? {} : { watch: store.watch }),
    list: (query) => open().list(query),
    delete: (jobId) => open().delete(jobId),
    close: () => void (isClosed = true),
  };
}
