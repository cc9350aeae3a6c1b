/** A part of the sources that a job hangs on, and the tests that must notice defects in it. */
export interface MutatedArea {
  /** What the paths of its files begin with. */
  readonly sources: string;
  /** Fast tests: files and folders. */
  readonly tests: readonly string[];
}

/** The areas. A file belongs to the first one that its path fits. Its own test, if there is one, is run first. */
export const MUTATED_AREAS: readonly MutatedArea[] = [
  { sources: "src/base/", tests: ["tests/base", "tests/values"] },
  { sources: "src/values/", tests: ["tests/values", "tests/model", "tests/documents", "tests/engine"] },
  { sources: "src/job/", tests: ["tests/job", "tests/documents", "tests/engine", "tests/travel/active_first_test.ts"] },
  { sources: "src/documents/", tests: ["tests/documents", "tests/model", "tests/engine"] },
  { sources: "src/engine/durable/", tests: [...folderTests("tests/children"), ...folderTests("tests/durable")] },
  { sources: "src/engine/", tests: ["tests/engine", "tests/model", ...folderTests("tests/durable")] },
  { sources: "src/ports/", tests: ["tests/stores/memory_store_test.ts", "tests/stores/sqlite/node_sqlite_test.ts"] },
  { sources: "src/stores/sqlite_store", tests: ["tests/stores/sqlite"] },
];

/** The tests of a folder, without those of the folders in it, and those that kill processes. */
function folderTests(folder: string): readonly string[] {
  return Array.from(Deno.readDirSync(folder), ({ name }) => `${folder}/${name}`)
    .filter((path) => path.endsWith("_test.ts") && !path.endsWith("killed_test.ts")).sort();
}
