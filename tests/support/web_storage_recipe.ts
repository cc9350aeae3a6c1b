import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const page = fileURLToPath(new URL("../../docs/browsers.md", import.meta.url));

/** The module of the guide that makes a storage of `localStorage`. */
export function webStorageRecipe(): string {
  const [, code] = /```ts\n(import type \{ KeyValueStorage \}[\s\S]*?)```/.exec(readFileSync(page, "utf8")) ?? [];
  if (code === undefined) throw new Error("docs/browsers.md has no recipe for localStorage");
  return code;
}
