import { coreLines, loadedModules } from "../tests/house/measures.ts";
import { readSources, readText } from "../tests/house/source.ts";

// Prints the measures that tests/house/measures_test.ts holds: code lines of the core, and the modules that an import loads.

const sources = [{ path: "mod.ts", text: readText("mod.ts") }, ...readSources("src")];
let total = 0;
for (const [part, lines] of coreLines(sources)) {
  console.log(`${String(lines).padStart(6)}  ${part}`);
  total += lines;
}
console.log(`${String(total).padStart(6)}  code lines of the core`);
console.log(`${String(loadedModules(sources, "mod.ts").length).padStart(6)}  modules loaded by importing mod.ts`);
