import { stripTypeScriptTypes } from "node:module";
import { fileURLToPath } from "node:url";

// Writes the script of the studio's pages into a file of the sources, from a file that is checked with the types of browsers. With --check
// it compares them.

const SOURCE = new URL("studio/client.ts", import.meta.url);
const TARGET = new URL("../src/studio/assets/script.ts", import.meta.url);

/** The file of the sources that has the script as a text. */
export async function studioScript(): Promise<string> {
  const script = stripTypeScriptTypes(await Deno.readTextFile(SOURCE)).replace(/^\/\/\/.*\n/gm, "").trim();
  const lines = script.split("\n").map((line) => line.trimEnd().replace(/(\S) {2,}/g, "$1 ")).filter((line) =>
    line.trim() !== "" && !/^\s*(?:\/\/|\/\*\*)/.test(line)
  );
  const text = lines.join("\n").replace(/[`\\]|\$\{/g, "\\$&");
  return `/** The script of the pages: made of \`scripts/studio/client.ts\` by \`deno run -A scripts/studio_script.ts\`. */\n` +
    `export const SCRIPT: string = \`${text}\n\`;\n`;
}

if (import.meta.main) {
  const made = await studioScript();
  if (!Deno.args.includes("--check")) await Deno.writeTextFile(TARGET, made);
  else if (await Deno.readTextFile(TARGET) !== made) {
    console.log(`FAILED: ${fileURLToPath(TARGET)} is not what its source says; run this without --check`);
    Deno.exit(1);
  }
}
