import { existsSync, readdirSync, readFileSync } from "node:fs";
import { defineConfig } from "vitepress";

// The site: the README as its first page, the guide, the changelog, and beside them the reference that `deno doc` makes (`api/`).

const ROOT = new URL("../../", import.meta.url);
/** Where `scripts/site.ts` has put the reference before this runs. */
const API = new URL("dist/api/", ROOT);

/** Where the targets of links are that have another place than in the repository. */
const MOVED: Readonly<Record<string, string>> = {
  "LICENSE": "https://www.apache.org/licenses/LICENSE-2.0",
  "../README.md": "../index.md",
  "docs/README.md": "docs/index.md",
};

const read = (path: string): string => readFileSync(new URL(path, ROOT), "utf8");

/** The contents of docs/README.md: its headings, each with the pages that the lines below it link to. */
function chapters(): {
  text: string;
  items: { text: string; link: string }[];
}[] {
  return read("docs/README.md").split(/^## /m).slice(1).map((part) => ({
    text: part.slice(0, part.indexOf("\n")),
    items: Array.from(
      part.matchAll(/^\d+\. \[([^\]]+)\]\((\w+)\.md\)/gm),
      ([, text = "", page]) => {
        return { text, link: `/docs/${page}` };
      },
    ),
  }));
}

/** The pages of the error codes, in the order of docs/errors.md. */
function errorCodes(): { text: string; link: string }[] {
  return Array.from(
    read("docs/errors.md").matchAll(/\[`(\w+)`\]\(errors\/\w+\.md\)/g),
    ([, code = ""]) => ({ text: code, link: `/docs/errors/${code}` }),
  );
}

/** The page of the reference for a symbol, if it is public. */
function referenceOf(symbol: string): string | undefined {
  if (!existsSync(API)) return undefined;
  const folders = readdirSync(API, { recursive: true, encoding: "utf8" })
    .filter((it) => it.endsWith("~"));
  const folder = folders.sort((a, b) => a.length - b.length).find((it) =>
    existsSync(new URL(`${it}/${symbol}.html`, API))
  );
  return folder && `/api/${folder}/${symbol}.html`;
}

export default defineConfig({
  title: "routilux",
  description: "Workflows whose flows and jobs are JSON documents",
  srcDir: "..",
  outDir: "../dist/site",
  cacheDir: "../dist/cache",
  srcExclude: [
    "**/node_modules/**",
    "{bench,dist,examples,schemas,scripts,site,src,tests}/**",
    "CONTRIBUTING.md",
  ],
  rewrites: { "README.md": "index.md", "docs/README.md": "docs/index.md" },
  cleanUrls: false,
  // `scripts/site.ts` puts it there.
  head: [["link", { rel: "icon", type: "image/svg+xml", href: "/icon.svg" }]],
  // The reference is made beside the pages.
  ignoreDeadLinks: [/\/api\//],
  markdown: {
    // As GitHub names headings, so that links to them lead there on both.
    anchor: {
      slugify: (heading) =>
        heading.trim().toLowerCase().replaceAll(/[^\p{L}\p{N}_ -]/gu, "")
          .replaceAll(" ", "-"),
    },
    config(md) {
      const fence = md.renderer.rules.fence;
      md.renderer.rules.fence = (tokens, index, ...rest) => {
        const token = tokens[index];
        if (token?.info.trim() === "mermaid") {
          return `<Diagram code="${encodeURIComponent(token.content)}" />`;
        }
        return fence?.(tokens, index, ...rest) ?? "";
      };
      // A link to a source leads to the reference of the symbol that it names.
      md.core.ruler.push("sources", ({ tokens }) => {
        for (const { children } of tokens) {
          children?.forEach((token, index) => {
            const target = token.attrGet("href");
            if (token.type !== "link_open" || target === null) return;
            token.attrSet("href", MOVED[target] ?? target);
            if (!/^(\.\.\/)*(src|mod\.ts)/.test(target)) return;
            token.attrSet(
              "href",
              referenceOf(children[index + 1]?.content ?? "") ??
                "/api/index.html",
            );
            token.attrSet("target", "_self");
          });
        }
      });
    },
  },
  themeConfig: {
    search: { provider: "local" },
    outline: { level: [2, 3] },
    nav: [
      { text: "Guide", link: "/docs/" },
      { text: "Recipes", link: "/docs/recipes" },
      { text: "Reference", link: "/api/index.html", target: "_self" },
      { text: "Changelog", link: "/CHANGELOG" },
    ],
    sidebar: [...chapters(), {
      text: "Error codes",
      collapsed: true,
      items: errorCodes(),
    }, {
      text: "For others",
      items: [{ text: "From Python", link: "/docs/from_python" }],
    }],
  },
});
