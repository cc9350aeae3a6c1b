import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { keyValueStore } from "../../../src/stores/key_value_store.ts";
import { storeContract } from "../../../src/testing/store_contract.ts";
import { webStorageRecipe } from "../../support/web_storage_recipe.ts";

// The recipe of `docs/browsers.md` for `localStorage`, as it stands there. `tests/browser` tries a part with that of a browser.

/** What a browser has, in memory: of its keys it knows the number, and the one at an index. */
class MemoryStorage {
  readonly #entries: Map<string, string> = new Map();
  get length(): number {
    return this.#entries.size;
  }
  key(index: number): string | null {
    return [...this.#entries.keys()][index] ?? null;
  }
  getItem(key: string): string | null {
    return this.#entries.get(key) ?? null;
  }
  setItem(key: string, value: string): void {
    this.#entries.set(key, value);
  }
  removeItem(key: string): void {
    this.#entries.delete(key);
  }
  clear(): void {
    this.#entries.clear();
  }
}

const folder = mkdtempSync(join(tmpdir(), "routilux-web-storage-"));
const path = join(folder, "recipe.ts");
writeFileSync(path, webStorageRecipe());
const { webStorage } = await import(pathToFileURL(path).href);
rmSync(folder, { recursive: true });

storeContract({
  test: (name, run) => test(name, run),
  prefix: "keyValueStore() over localStorage: ",
  createPlace() {
    const storage = webStorage(new MemoryStorage());
    return { open: () => keyValueStore(storage), dispose: () => {} };
  },
});
