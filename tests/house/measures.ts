import { countLines, floorOf, valueImports } from "./rules.ts";
import type { Source } from "./source.ts";

/** The floors that hold the workflow engine itself; `src` means the files directly in it. */
const CORE = ["base", "values", "model", "ports", "job", "documents", "engine", "src"];

/** The code lines of each part of the core. Blank lines, comments and entry modules, which only list names, are left out. */
export function coreLines(sources: readonly Source[]): ReadonlyMap<string, number> {
  const lines = new Map(CORE.map((part) => [part, 0]));
  for (const source of sources) {
    if (source.path.endsWith("/mod.ts")) continue;
    const [part = ""] = floorOf(source.path).split("/");
    const sum = lines.get(part);
    if (sum !== undefined) lines.set(part, sum + countLines(source));
  }
  return lines;
}

/** The sources that a runtime loads for a module, itself included: all but those imported for their types only. */
export function loadedModules(sources: readonly Source[], entry: string): string[] {
  const byPath = new Map(sources.map((source) => [source.path, source]));
  const loaded = new Set<string>();
  const visit = (path: string) => {
    const source = byPath.get(path);
    if (source === undefined || loaded.has(path)) return;
    loaded.add(path);
    for (const target of valueImports(source)) visit(target);
  };
  visit(entry);
  return Array.from(loaded).sort();
}
