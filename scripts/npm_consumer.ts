import { gzipSync } from "node:zlib";
import { stripTypeScriptTypes } from "node:module";
import config from "../deno.json" with { type: "json" };
import { COMMON_JS, CONTRACT, DONE, type Exported, scriptOf, TOO_OLD, typedProgramOf } from "./npm_programs.ts";
import type { Counts } from "./report.ts";
import { findRuntimes } from "./runtimes.ts";

// A project of somebody who installs the package from its tarball: what is tried in it, and the tools it has.

/** Something that is tried in the project. */
export interface Attempt {
  readonly name: string;
  /** Programs with their arguments; each has to end well before the next is run. */
  readonly commands: readonly (readonly string[])[];
  /** The last line that the last of them has to print. */
  readonly prints?: string;
}

/** The compilers by the names under which they are installed: the oldest, the last that is written in TypeScript, the newest. */
const COMPILERS: Readonly<Record<string, string>> = {
  "typescript-5.6": "npm:typescript@5.6.3",
  "typescript-5.9": "npm:typescript@5.9.3",
  "typescript-7.0": "npm:typescript@7.0.2",
};
const TOOLS: Readonly<Record<string, string>> = {
  ...COMPILERS,
  "@arethetypeswrong/cli": "0.18.5",
  "@types/node": "20.19.25",
  "esbuild": "0.28.2",
  "pg": "8.23.1",
  "publint": "0.3.25",
};
const TOOLS_FOR_LONG: Readonly<Record<string, string>> = {
  "@rollup/plugin-node-resolve": "16.0.3",
  "rollup": "4.68.8",
  "vite": "8.4.0",
};
const RESOLUTIONS: readonly { readonly moduleResolution: string; readonly module: string }[] = [
  { moduleResolution: "nodenext", module: "nodenext" },
  { moduleResolution: "node16", module: "node16" },
  { moduleResolution: "bundler", module: "esnext" },
];
/** Where the code of a user runs: servers have no DOM, pages no Node. One of them has exact optional properties. */
const PLATFORMS: readonly { readonly name: string; readonly options: object }[] = [
  { name: "server, exact", options: { lib: ["es2022"], types: ["node"], exactOptionalPropertyTypes: true } },
  { name: "page, not exact", options: { lib: ["es2022", "dom"], types: [], exactOptionalPropertyTypes: false } },
];
const COMPILER_OPTIONS = { target: "es2022", strict: true, skipLibCheck: false, noEmit: true };
const OLDEST_NODE = "20";
/** The last that is too old for the file store. */
const TOO_OLD_NODE = "20.14";
const NEWEST_NODE = "24";
const TARBALL = "package.tgz";
const BUNDLE = "bundle.mjs";
const ESBUILD = ["small.mjs", "--bundle", "--minify", "--format=esm", "--platform=browser", `--outfile=${BUNDLE}`];
const VITE_CONFIG = `export default {
  build: { outDir: "vite", modulePreload: false, rollupOptions: { output: { entryFileNames: "main.js" } } },
};`;
/** A job, and what the program prints of it. */
const JOB = {
  ...{ createdAt: "2026-01-01T00:00:00.000Z", flowId: "flow", format: "routilux/job", jobId: "job", nextTaskId: 1 },
  ...{ pendingTasks: [], ranMs: 0, status: "completed", updatedAt: "2026-01-01T00:00:00.000Z", version: 1 },
};
const CHECKED = "job.json: job without a fault";
/** What the smallest use prints. */
const GREETING = "Hello, world";
const MOST_AT_ONCE = 2;

/** Makes the project: installs the tarball and the tools into the folder, and writes the programs. */
export async function install(folder: string, tarball: string, exported: Exported, isLong: boolean): Promise<void> {
  await Deno.copyFile(tarball, `${folder}/${TARBALL}`);
  const texts: Readonly<Record<string, string>> = {
    "package.json": JSON.stringify({
      private: true,
      type: "module",
      dependencies: { [config.name]: `file:./${TARBALL}` },
      devDependencies: isLong ? { ...TOOLS, ...TOOLS_FOR_LONG } : TOOLS,
    }),
    "main.mjs": scriptOf(exported),
    "main.cjs": COMMON_JS,
    "contract.mjs": CONTRACT,
    "too_old.mjs": TOO_OLD,
    "main.ts": typedProgramOf(exported),
    "small.mjs": stripTypeScriptTypes(await Deno.readTextFile("scripts/smallest_use.ts")),
    "fleet.mjs": stripTypeScriptTypes(await Deno.readTextFile("scripts/npm_fleet.ts")),
    "vite.config.mjs": VITE_CONFIG,
    "index.html": `<script type="module" src="./small.mjs"></script>`,
    "empty.mjs": "",
    "job.json": JSON.stringify(JOB),
    "import.mjs": `import "${config.name}";`,
  };
  for (const [path, text] of Object.entries(texts)) await Deno.writeTextFile(`${folder}/${path}`, text);
  await run(folder, "npm", ["install", "--no-audit", "--no-fund", "--prefer-offline", "--loglevel=error"]);
}

/** Everything that is tried, the slowest first; `postgres` is the address of a server, if there is one. */
export async function attempts(folder: string, isLong: boolean, postgres: string | undefined): Promise<Attempt[]> {
  const [oldest, newest] = [await nodeOf(OLDEST_NODE), await nodeOf(NEWEST_NODE)];
  const { found, missing } = await findRuntimes();
  const bun = found.find(({ name }) => name === "Bun");
  if (bun === undefined) console.log(missing.find((it) => it.startsWith("Bun")));
  const tool = (script: string, ...args: string[]) => [newest, `node_modules/${script}`, ...args];
  const using = (name: string, ...command: string[]): Attempt => ({ name, commands: [command], prints: DONE });
  const program = (name: string, ...command: string[]): Attempt => (
    {
      name,
      commands: [[...command, `node_modules/${config.name}/bin/routilux.js`, "check", "job.json"]],
      prints: CHECKED,
    }
  );
  const bundled = (name: string, build: readonly string[], bundle: string): Attempt => (
    { name, commands: [build, [newest, bundle]], prints: GREETING }
  );
  const { all: compilations, configs } = compile(isLong);
  for (const [path, options] of configs) await Deno.writeTextFile(`${folder}/${path}`, JSON.stringify(options));
  return [
    ...compilations.map(({ name, compiler, path }) => ({ name, commands: [tool(`${compiler}/bin/tsc`, "-p", path)] })),
    using(`processes on a file store in Node ${OLDEST_NODE}`, oldest, "fleet.mjs", "file"),
    ...postgres === undefined
      ? []
      : [using(`processes on PostgreSQL in Node ${OLDEST_NODE}`, oldest, "fleet.mjs", postgres)],
    using(`JavaScript in Node ${OLDEST_NODE}`, oldest, "main.mjs"),
    using(`JavaScript in Node ${NEWEST_NODE}`, newest, "main.mjs"),
    using(`CommonJS in Node ${NEWEST_NODE}`, newest, "main.cjs"),
    using("JavaScript in Deno", Deno.execPath(), "run", "-A", "--no-config", "--node-modules-dir=manual", "main.mjs"),
    ...bun === undefined ? [] : [using("JavaScript in Bun", bun.command, "main.mjs")],
    {
      name: "the program as it is installed",
      commands: [["node_modules/.bin/routilux", "check", "job.json"]],
      prints: CHECKED,
    },
    program(`the program in Node ${OLDEST_NODE}`, oldest),
    program(`the program in Node ${NEWEST_NODE}`, newest),
    program("the program in Deno", Deno.execPath(), "run", "-A", "--no-config", "--node-modules-dir=manual"),
    ...bun === undefined ? [] : [program("the program in Bun", bun.command)],
    { name: "publint", commands: [tool("publint/src/cli.js", "run", TARBALL, "--strict")] },
    {
      name: "are the types wrong",
      commands: [tool("@arethetypeswrong/cli/dist/index.js", TARBALL, "--profile", "esm-only")],
    },
    bundled("esbuild", ["node_modules/.bin/esbuild", ...ESBUILD], BUNDLE),
    ...isLong
      ? [
        // The oldest Node lacks most of what a store could call.
        using(`the contract of stores in Node ${OLDEST_NODE}`, oldest, "contract.mjs"),
        using(`a file store in Node ${TOO_OLD_NODE}`, await nodeOf(TOO_OLD_NODE), "too_old.mjs"),
        using("JavaScript in Node 22", await nodeOf("22"), "main.mjs"),
        using("the contract of stores in Node 22", await nodeOf("22"), "contract.mjs"),
        using(`the contract of stores in Node ${NEWEST_NODE}`, newest, "contract.mjs"),
        ...bun === undefined ? [] : [using("the contract of stores in Bun", bun.command, "contract.mjs")],
        bundled(
          "rollup",
          tool("rollup/dist/bin/rollup", "small.mjs", "-p", "node-resolve", "-o", "rollup.mjs"),
          "rollup.mjs",
        ),
        bundled("vite", tool("vite/bin/vite.js", "build", "--logLevel", "error"), "vite/main.js"),
      ]
      : [],
  ];
}

/**
 * In a long run every compiler with every resolution, with exact optional properties and without. Else the newest, which is fast, with
 * every resolution, and the oldest with one.
 */
function compile(isLong: boolean): {
  readonly all: readonly { readonly name: string; readonly compiler: string; readonly path: string }[];
  readonly configs: ReadonlyMap<string, object>;
} {
  const configs = new Map<string, object>();
  const all = Object.keys(COMPILERS).flatMap((compiler, first) =>
    RESOLUTIONS.flatMap((resolution, second) =>
      PLATFORMS.flatMap((platform, third) => {
        const isNewest = first === Object.keys(COMPILERS).length - 1;
        if (!isLong && ((first + second + third) % 2 === 1 || (!isNewest && first + second > 0))) return [];
        const name = `${compiler}, ${resolution.moduleResolution}, ${platform.name}`;
        const path = `tsconfig.${configs.size}.json`;
        const compilerOptions = { ...COMPILER_OPTIONS, ...resolution, ...platform.options };
        configs.set(path, { compilerOptions, files: ["main.ts"] });
        return [{ name, compiler, path }];
      })
    )
  );
  return { all, configs };
}

/** Runs all attempts, two at a time, and prints the result of each. */
export async function tryAll(folder: string, all: readonly Attempt[]): Promise<Counts[]> {
  const left = [...all];
  const results: Counts[] = [];
  const work = async (): Promise<void> => {
    for (let it = left.shift(); it !== undefined; it = left.shift()) {
      const begun = performance.now();
      const isRight = await succeeds(folder, it);
      const seconds = ((performance.now() - begun) / 1000).toFixed(1);
      console.log(`${isRight ? "passed" : "FAILED"}: ${it.name} (${seconds} s)`);
      results.push({ passed: isRight ? 1 : 0, failed: isRight ? 0 : 1 });
    }
  };
  await Promise.all(Array.from({ length: MOST_AT_ONCE }, work));
  return results;
}

async function succeeds(folder: string, { commands, prints }: Attempt): Promise<boolean> {
  let last = "";
  for (const [command = "", ...args] of commands) {
    const { success, output } = await execute(folder, command, args);
    if (!success) console.log(output);
    if (!success) return false;
    last = output;
  }
  const isRight = prints === undefined || last.trim().split("\n").at(-1) === prints;
  if (!isRight) console.log(last);
  return isRight;
}

/** What the bundle of the smallest use weighs, in bytes. */
export async function weigh(folder: string): Promise<{ readonly minified: number; readonly gzipped: number }> {
  const bytes = await Deno.readFile(`${folder}/${BUNDLE}`);
  return { minified: bytes.length, gzipped: gzipSync(bytes, { level: 9 }).length };
}

/** How long the newest Node runs, in milliseconds: an empty program, and one that imports the main entry; the least of many. */
export async function timeImport(
  folder: string,
  times: number,
): Promise<{ readonly empty: number; readonly imported: number }> {
  const node = await nodeOf(NEWEST_NODE);
  const time = async (program: string): Promise<number> => {
    const begun = performance.now();
    await run(folder, node, [program]);
    return performance.now() - begun;
  };
  let [empty, imported] = [Infinity, Infinity];
  for (let i = 0; i < times; i++) {
    empty = Math.min(empty, await time("empty.mjs"));
    imported = Math.min(imported, await time("import.mjs"));
  }
  return { empty, imported };
}

/** The path of a Node of this version, or of the last whose version begins so. */
async function nodeOf(version: string): Promise<string> {
  const output = await run(".", "npx", ["-y", "-p", `node@${version}`, "node", "-p", "process.execPath"]);
  return output.trim();
}

/** Runs a program that has to end well, and returns what it printed. */
export async function run(folder: string, command: string, args: readonly string[]): Promise<string> {
  const { success, output } = await execute(folder, command, args);
  if (!success) throw new Error(`${command} ${args.join(" ")} failed:\n${output}`);
  return output;
}

async function execute(
  folder: string,
  command: string,
  args: readonly string[],
): Promise<{ readonly success: boolean; readonly output: string }> {
  const path = command.startsWith("node_modules/") ? `${folder}/${command}` : command;
  const { success, stdout, stderr } = await new Deno.Command(path, { args: [...args], cwd: folder }).output();
  return { success, output: new TextDecoder().decode(success ? stdout : new Uint8Array([...stdout, ...stderr])) };
}
