import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { denoKvStore } from "../../../src/stores/deno_kv_store.ts";
import { storeContract } from "../../../src/testing/store_contract.ts";

const testFor = (name: string, run: () => Promise<void>) => test(name, { timeout: 60_000 }, run);
/** Cases that take long, and that the tests with a fake client have, too. */
const LONG = /0,000|page by page|every text|any text|1 KiB/;
/** Cases that depend on several clients, or on what is on the disk. */
const SEVERAL = /concurrent|at the same|beside|another|of two|reopening|close|100,000/;

if (typeof Deno === "undefined") {
  test("denoKvStore() passes the contract", { skip: "only Deno has Deno KV" }, () => {});
} else {
  storeContract({
    test: (name, run) => LONG.test(name) || testFor(name, run),
    prefix: "denoKvStore() in memory: ",
    async createPlace() {
      const kv = await Deno.openKv(":memory:");
      return { open: () => denoKvStore(kv), dispose: () => kv.close() };
    },
  });
  storeContract({
    test: (name, run) => SEVERAL.test(name) && testFor(name, run),
    prefix: "denoKvStore() in a file, a client for each handle: ",
    async createPlace() {
      const folder = await mkdtemp(join(tmpdir(), "routilux-kv-"));
      const clients: Deno.Kv[] = [];
      return {
        async open() {
          const kv = await Deno.openKv(join(folder, "jobs.kv"));
          clients.push(kv);
          return denoKvStore(kv);
        },
        async dispose() {
          for (const kv of clients) kv.close();
          await rm(folder, { recursive: true });
        },
      };
    },
  });
}
