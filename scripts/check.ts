import { existsSync } from "node:fs";
import config from "../deno.json" with { type: "json" };
import { chooseAssertions } from "./assertions.ts";
import { finish } from "./report.ts";
import { runLimited } from "./run_limited.ts";

// Runs every check that is not a test, also after one has failed. Two run side by side: most of them use one core.

const LANES = 2;

/** The parts of `src` that may name what a runtime has, or the web's requests and answers. All others need neither. */
const NOT_PORTABLE = ["stores", "host", "studio", "cli"];
// What the peers of the benchmarks need is not installed with the library, but in this folder.
const PEERS = "bench/peers";
const FLEET_PEERS = "bench/fleet_peers";
const BENCH_OUTPUT = "bench/dist";
const PEER_TYPES = "types of the peers' benchmarks";
const EXAMPLE = "examples/cross_host/main.ts";

const { flags, note } = await chooseAssertions();
const exported = Object.values(config.exports);
// What is published imports packages of JSR. Without them its types cannot be checked again: the other checks have done so.
const unchecked = flags.length === 0 ? [] : ["--no-check"];
const folders = ["src", "tests", "examples", "bench", "scripts"].filter(holdsSources);

const checks: Readonly<Record<string, readonly string[]>> = {
  "format": ["fmt", "--check"],
  "lint": ["lint"],
  "types, also of the examples in the documentation": [
    ...["check", "--doc", ...flags, "mod.ts", "README.md", "docs"],
    ...folders.flatMap(sourcesOf),
  ],
  "types without those of any runtime": [
    "check",
    "-c",
    "tests/house/portable.json",
    "mod.ts",
    ...[...Deno.readDirSync("src")].filter(({ name }) => !NOT_PORTABLE.includes(name)).map(({ name }) => `src/${name}`),
  ],
  "error texts of the type checker": ["run", "-A", "scripts/type_errors.ts"],
  "conformance": ["run", "-A", "scripts/conformance.ts", "--brief"],
  "a generated flow type-checks": ["run", "-A", "bench/type_check.ts", "--small"],
  "script of the studio": ["run", "-A", "scripts/studio_script.ts", "--check"],
  "published JSON Schemas": ["run", "-A", "scripts/json_schemas.ts", "--check"],
  "size": ["run", "-A", "scripts/size.ts"],
  "documentation": ["doc", "--lint", ...exported],
  "examples, errors and links of the documentation": ["run", "-A", "scripts/documentation.ts"],
  // Those of the README and the guide are run by the tests, which also look at what they print.
  "examples in the documentation of the sources": [
    "test",
    "--doc",
    "--no-check",
    "--allow-read",
    "--allow-write",
    ...flags,
    "mod.ts",
    "src",
  ],
  ...(existsSync(`${PEERS}/node_modules`)
    ? { [PEER_TYPES]: ["check", "--no-config", "--node-modules-dir=manual"] }
    : {}),
  "benchmarks, for their assertions": ["run", "-A", "bench/compare.ts", "--small", "--runtimes", "deno"],
  "publishing": ["publish", "--dry-run", "--allow-dirty", ...unchecked],
  "publishing by jsr.json": ["publish", "--dry-run", "--allow-dirty", "--no-check", "--config", "jsr.json"],
  "the package as npm users get it": ["run", "-A", "scripts/npm_package.ts"],
  ...(existsSync(EXAMPLE) ? { "cross-host example": ["run", "-A", EXAMPLE] } : {}),
};

console.log(note);
const results: { name: string; success: boolean }[] = [];
const waiting = Object.entries(checks);
await Promise.all(Array.from({ length: LANES }, async () => {
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) results.push(await run(...next));
}));
console.log();
for (const { name, success } of results) console.log(`${success ? "passed" : "FAILED"}: ${name}`);
finish(results.map(({ success }) => ({ passed: success ? 1 : 0, failed: success ? 0 : 1 })));

async function run(name: string, args: readonly string[]): Promise<{ name: string; success: boolean }> {
  const start = performance.now();
  const cwd = name === PEER_TYPES ? PEERS : ".";
  const { success, stdout, stderr } = await runLimited(Deno.execPath(), args, { cwd });
  console.log(`\n${name}: deno ${args.join(" ")} (${Math.round((performance.now() - start) / 1_000)} s)`);
  for (const output of [stdout, stderr]) console.log(output.trimEnd());
  return { name, success };
}

function sourcesOf(folder: string): readonly string[] {
  if (folder !== "bench") return [folder];
  return [...Deno.readDirSync(folder)].map(({ name }) => `${folder}/${name}`)
    .filter((path) =>
      path !== PEERS && path !== FLEET_PEERS && path !== BENCH_OUTPUT &&
      (path.endsWith(".ts") || (Deno.statSync(path).isDirectory && holdsSources(path)))
    );
}

function holdsSources(folder: string): boolean {
  return existsSync(folder) &&
    [...Deno.readDirSync(folder)].some((it) =>
      it.isDirectory ? holdsSources(`${folder}/${it.name}`) : it.name.endsWith(".ts")
    );
}
