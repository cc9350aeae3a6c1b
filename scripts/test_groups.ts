import { join } from "node:path";
import { pathToFileURL } from "node:url";

/** How many times Deno loads the library: a few groups for each of two processors, so that they are done at about the same time. */
const MOST = 6;

/** Files that each run several files of tests. */
export interface TestGroups extends AsyncDisposable {
  readonly paths: readonly string[];
}

/**
 * Writes files that each import several of the given files of tests. Deno loads and compiles the library anew for each file of tests that
 * it is given, which takes longer than most of these tests: by groups, the library is loaded once for each group.
 */
export async function groupTests(files: readonly string[]): Promise<TestGroups> {
  const folder = await Deno.makeTempDir({ prefix: "routilux-tests-" });
  const groups = Array.from({ length: Math.min(MOST, files.length) }, (_, group) => ({
    path: join(folder, `group_${group + 1}_test.ts`),
    // Neighbours take about equally long: so each group gets its share of the long ones.
    files: files.filter((_, index) => index % MOST === group),
  }));
  for (const { path, files } of groups) {
    const imports = files.map((file) => `import ${JSON.stringify(pathToFileURL(file).href)};\n`);
    await Deno.writeTextFile(path, imports.join(""));
  }
  return {
    paths: groups.map(({ path }) => path),
    [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
  };
}
