import { existsSync } from "node:fs";
import config from "../deno.json" with { type: "json" };
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
await dropLocalLinks(API);
await run("npm", "exec", "--prefix", SITE, "--", "vitepress", "build", SITE);
await Deno.rename(API, `${PAGES}/api`);
console.log(`the site is in ${PAGES}`);

/** `deno doc` links each symbol to its file on the machine that makes the pages: nobody else has that. */
async function dropLocalLinks(folder: string): Promise<void> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = `${folder}/${name}`;
    if (isDirectory) await dropLocalLinks(path);
    else if (name.endsWith(".html")) {
      const page = await Deno.readTextFile(path);
      await Deno.writeTextFile(
        path,
        page.replaceAll(/<a\s[^>]*href="file:[^>]*>.*?<\/a>/gs, ""),
      );
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
