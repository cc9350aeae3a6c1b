import { existsSync } from "node:fs";
import config from "../deno.json" with { type: "json" };
import { ASSETS } from "../src/studio/assets.ts";
import { chooseAssertions } from "./assertions.ts";

// Makes the static site in `dist/site`: the README, the guide and the changelog by VitePress, which has a search of its own, and beside
// them the reference of all public symbols by `deno doc`. `deno task site`; to look at it, serve the folder: `npx vite preview --outDir dist/site`.

const SITE = "site";
const API = "dist/api";
const PAGES = "dist/site";

const { flags } = await chooseAssertions();
if (!existsSync(`${SITE}/node_modules`)) {
  await run("npm", "ci", "--prefix", SITE);
}
await Deno.mkdir("dist", { recursive: true });
if (existsSync(API)) await Deno.remove(API, { recursive: true });
await run(
  Deno.execPath(),
  "doc",
  "--html",
  "--name=routilux",
  `--output=${API}`,
  ...flags,
  ...Object.values(config.exports),
);
await mendReference(API);
await run("npm", "exec", "--prefix", SITE, "--", "vitepress", "build", SITE);
await Deno.rename(API, `${PAGES}/api`);
// The icon of the studio is that of the site, too.
await Deno.writeTextFile(`${PAGES}/icon.svg`, ASSETS.get("/icon.svg")?.text ?? "");
console.log(`the site is in ${PAGES}`);

/**
 * Mends what `deno doc` gets wrong without a registry: it links each symbol to its file on the machine that makes the pages, and imports it
 * from the name of its entry alone.
 */
async function mendReference(folder: string): Promise<void> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = `${folder}/${name}`;
    if (isDirectory) await mendReference(path);
    else if (name.endsWith(".html")) {
      const page = (await Deno.readTextFile(path)).replaceAll(/<a\s[^>]*href="file:[^>]*>.*?<\/a>/gs, "");
      const mended = page.replaceAll(/ from &quot;([^&]+)&quot;/g, (found, entry) => {
        const isEntry = entry === "." || `./${entry}` in config.exports;
        return isEntry ? ` from &quot;${config.name}${entry === "." ? "" : `/${entry}`}&quot;` : found;
      });
      await Deno.writeTextFile(path, mended);
    }
  }
}

async function run(command: string, ...args: readonly string[]): Promise<void> {
  const { success } = await new Deno.Command(command, {
    args: [...args],
    stdout: "inherit",
    stderr: "inherit",
  }).spawn()
    .status;
  if (!success) throw new Error(`${command} ${args.join(" ")} has failed`);
}
