import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import offline from "../offline.json" with { type: "json" };

// Runs the tests, or those under the paths that follow, in Deno with `@std/assert` and `@std/json` of a checkout of the standard library: what
// users have who can reach JSR. `deno run -A scripts/real_std.ts <checkout> [path…]`

/** What the checkout has to have: the packages that the tests and the sources use, and those that these use. */
const PACKAGES = ["assert", "bytes", "internal", "json", "streams"];

const [checkout, ...paths] = Deno.args;
const root = resolve(checkout ?? "");
const missing = PACKAGES.map((name) => `${root}/${name}/deno.json`).find((path) => !existsSync(path));
if (checkout === undefined || missing !== undefined) {
  console.error(
    checkout === undefined ? "Give the path of a checkout of the standard library" : `${missing} is missing`,
  );
  Deno.exit(2);
}

const imports: Record<string, string> = {};
for (const [name, target] of Object.entries(offline.imports)) {
  imports[name] = target.startsWith(".") ? pathToFileURL(target).href : target;
}
for (const folder of PACKAGES) {
  const { name, exports } = JSON.parse(await Deno.readTextFile(`${root}/${folder}/deno.json`));
  for (const [entry, path] of Object.entries<string>(exports)) {
    imports[name + entry.slice(".".length)] = pathToFileURL(resolve(root, folder, path)).href;
  }
}
const map = await Deno.makeTempFile({ suffix: ".json" });
try {
  await Deno.writeTextFile(map, JSON.stringify({ imports }));
  const tested = paths.length > 0 ? paths : ["tests"];
  const args = ["test", "-A", "--parallel", "--reporter=dot", "--import-map", map, ...tested];
  // The sources of the standard library are checked by a configuration of its own.
  const { code } = await new Deno.Command(Deno.execPath(), { args: [...args, "--no-check"] }).spawn().status;
  Deno.exitCode = code;
} finally {
  await Deno.remove(map);
}
