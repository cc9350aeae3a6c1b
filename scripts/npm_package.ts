import config from "../deno.json" with { type: "json" };
import { PostgresServer } from "../tests/support/postgres_server.ts";
import { chooseAssertions } from "./assertions.ts";
import { attempts, install, run, timeImport, tryAll, weigh } from "./npm_consumer.ts";
import type { Exported } from "./npm_programs.ts";
import { checkPublished } from "./npm_rules.ts";
import { makePackage } from "./package.ts";
import { type Counts, finish } from "./report.ts";
import sizes from "./sizes.json" with { type: "json" };

// Makes the package for npm in `dist/npm` and its tarball in `dist`, looks through it, installs it into a project of its own
// and uses it there. With `--long` more runtimes, bundlers and compiler options are tried, and the import is timed.

const ROOT = "dist/npm";
const MOST_GROWTH = 0.05;
const TIMED_RUNS = 21;

const isLong = Deno.args.includes("--long");
const results: Counts[] = [];

await makePackage(ROOT);
const packed = JSON.parse(await run(".", "npm", ["pack", "--json", "--pack-destination", "dist", `./${ROOT}`]));
const [{ filename, files, size, unpackedSize }] = packed;
const tarball = `dist/${filename}`;
console.log(`${tarball}: ${size} bytes, ${files.length} files of ${unpackedSize} bytes`);

const texts = new Map<string, string>();
for (const { path } of files) texts.set(path, await Deno.readTextFile(`${ROOT}/${path}`));
report(
  "what is in the package",
  checkPublished({ manifest: JSON.parse(texts.get("package.json") ?? ""), files: texts }),
);

const exported = await namesOfEntries();
const folder = await Deno.makeTempDir();
const server = await PostgresServer.start({ synchronous_commit: "off" });
if (server === undefined) console.log("PostgreSQL is not installed: processes on it are not tried");
try {
  await install(folder, tarball, exported, isLong);
  results.push(...await tryAll(folder, await attempts(folder, isLong, server?.url)));
  const { minified, gzipped } = await weigh(folder);
  const recorded = sizes["smallest use"].gzipped;
  console.log(`The smallest use weighs ${minified} bytes minified, ${gzipped} gzipped.`);
  const isHeavy = gzipped > recorded * (1 + MOST_GROWTH);
  report("size of the smallest use", isHeavy ? [`from the sources it weighs ${recorded}`] : []);
  if (isLong) {
    const { empty, imported } = await timeImport(folder, TIMED_RUNS);
    const difference = (imported - empty).toFixed(1);
    console.log(
      `Node 24 takes ${empty.toFixed(1)} ms for an empty program, and ${difference} ms more with the import.`,
    );
  }
} finally {
  server?.stop();
  await Deno.remove(folder, { recursive: true });
}
finish(results);

/** What each entry exports, by its sources: in a process of its own, for what JSR may have to be replaced. */
async function namesOfEntries(): Promise<Exported> {
  const specifiers = Object.keys(config.exports).map((entry) => config.name + entry.slice(1));
  const program = `const names = {};
for (const it of ${JSON.stringify(specifiers)}) names[it] = Object.keys(await import(it)).sort();
console.log(JSON.stringify(names));`;
  const { flags } = await chooseAssertions();
  return JSON.parse(await run(".", Deno.execPath(), ["eval", ...flags, program]));
}

function report(name: string, faults: readonly string[]): void {
  console.log(`${faults.length === 0 ? "passed" : "FAILED"}: ${name}`);
  for (const fault of faults) console.log(`  ${fault}`);
  results.push({ passed: faults.length === 0 ? 1 : 0, failed: faults.length === 0 ? 0 : 1 });
}
