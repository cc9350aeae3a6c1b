import { mkdtempSync, rmSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { MaybePromise, Store } from "../../src/ports/mod.ts";
import { denoKvStore } from "../../src/stores/deno_kv_store.ts";
import { fileStore } from "../../src/stores/file_store.ts";
import { keyValueStore } from "../../src/stores/key_value_store.ts";
import { memoryStore } from "../../src/stores/memory_store.ts";
import { sqliteStore } from "../../src/stores/sqlite_store.ts";
import { manualIds } from "../../src/testing/mod.ts";
import { indexedDbPlace } from "./indexed_db_place.ts";
import { createKeyValues } from "./shared_key_values.ts";
import { wrapStore } from "./wrapped_store.ts";

/** A store that frees what it stands on when it is closed. */
function closing(store: Store, free: () => void): Store {
  return {
    ...wrapStore(store, (call) => call),
    async close() {
      await store.close();
      free();
    },
  };
}

function inFolder(open: (folder: string) => Store): Store {
  const folder = mkdtempSync(join(tmpdir(), "routilux-fleet-"));
  return closing(open(folder), () => rmSync(folder, { recursive: true }));
}

function sqlite(path: string): Store {
  const database = new DatabaseSync(path);
  return closing(sqliteStore(database, { synchronous: "normal" }), () => database.close());
}

/** Opens an empty store of each kind for a fleet; Deno KV in Deno only. */
export const FLEET_STORES: Readonly<Record<string, () => MaybePromise<Store>>> = {
  memory: memoryStore,
  sqlite: () => sqlite(":memory:"),
  sqlite_on_disk: () => inFolder((folder) => sqlite(join(folder, "jobs.db"))),
  file: () => inFolder((folder) => fileStore(folder)),
  file_at_once: () => inFolder((folder) => fileStore(folder, { sync: "none" })),
  key_value: () => keyValueStore(createKeyValues().connect(), { ids: manualIds("value") }),
  indexed_db: () => indexedDbPlace().open(),
  deno_kv: async () => {
    const kv = await Deno.openKv(":memory:");
    return closing(denoKvStore(kv), () => kv.close());
  },
};
