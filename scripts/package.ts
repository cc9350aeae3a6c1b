import { stripTypeScriptTypes } from "node:module";
import { dirname } from "node:path";
import config from "../deno.json" with { type: "json" };
import { listFiles } from "./worker.ts";

/** Makes the package as npm users get it from JSR: JavaScript without types, in a folder that may not exist yet. */
export async function makePackage(root: string): Promise<void> {
  for (const name of ["mod.ts", ...listFiles("src")]) {
    const path = `${root}/${toScript(name)}`;
    await Deno.mkdir(dirname(path), { recursive: true });
    const script = stripTypeScriptTypes(await Deno.readTextFile(name));
    await Deno.writeTextFile(path, script.replaceAll(/( from "\.[^"]*)\.ts";/g, '$1.js";'));
  }
  const exports = Object.fromEntries(Object.entries(config.exports).map(([name, path]) => [name, toScript(path)]));
  const { name, version } = config;
  await Deno.writeTextFile(`${root}/package.json`, JSON.stringify({ name, version, type: "module", exports }));
}

function toScript(path: string): string {
  return path.replace(/\.ts$/, ".js");
}
