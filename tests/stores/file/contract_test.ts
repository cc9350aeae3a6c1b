import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { Store } from "../../../src/ports/mod.ts";
import { fileStore, type FileStoreOptions } from "../../../src/stores/file_store.ts";
import { amountOf } from "../../support/gate_amount.ts";
import { compareWithMemory } from "../../support/compare_stores.ts";
import { MemoryDisk } from "../../support/memory_disk.ts";
import { storeContract, type StorePlace } from "../../../src/testing/store_contract.ts";

interface FolderPlace extends StorePlace {
  tear(share: number): void;
}

/** A folder that records where the last write to a journal began and ended. */
function createPlace(sync: FileStoreOptions["sync"]): FolderPlace {
  const folder = fs.mkdtempSync(join(tmpdir(), "routilux-store-"));
  let last = { path: "", from: 0, to: 0 };
  const paths = new Map<number, string>();
  const files = {
    ...fs,
    openSync(path: string, flags: string): number {
      const file = fs.openSync(path, flags);
      paths.set(file, path);
      return file;
    },
    writeSync(file: number, from: Uint8Array, offset: number, length: number, position: number): number {
      const path = paths.get(file) ?? "";
      if (path.endsWith("journal.jsonl")) last = { path, from: position, to: position + length };
      return fs.writeSync(file, from, offset, length, position);
    },
  };
  return {
    open: (): Store => fileStore(folder, { sync, files }),
    dispose: () => fs.rmSync(folder, { recursive: true }),
    tear(share) {
      fs.truncateSync(last.path, last.from + Math.round((last.to - last.from) * share));
      fs.rmSync(join(folder, ".lock"));
    },
  };
}

/** Large jobs and long lists take time, and are flushed as small ones are. */
const LARGE = /0,000|a megabyte|every text|any text|page by page/;

for (const sync of ["full", "none"] as const) {
  storeContract({
    test(name, run) {
      if (sync === "none" || !LARGE.test(name)) test(name, { timeout: 60_000 }, run);
    },
    prefix: `file store, sync "${sync}": `,
    createPlace: () => createPlace(sync),
    isExclusive: true,
    tear: (place, share) => place.tear(share),
  });
}

for (const sync of ["full", "none"] as const) {
  test(
    `a file store with sync "${sync}" answers random calls as the store in memory does, also when it is opened again`,
    {
      timeout: 60_000,
    },
    async () => {
      const seeds = amountOf(25, 250);
      for (let seed = 1; seed <= seeds; seed++) {
        const open = (files: MemoryDisk): Store => fileStore("/jobs", { sync, files });
        await compareWithMemory(open(new MemoryDisk()), seed, 200);
        const disk = new MemoryDisk();
        await compareWithMemory(open(disk), seed, 200, async (store) => {
          await store.close();
          return open(disk);
        });
      }
    },
  );
}
