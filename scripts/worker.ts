import { stripTypeScriptTypes } from "node:module";

// Makes workers of the sources as they are: types are blanked out, nothing of them is bundled or renamed.

/** A worker that can be run, again and again. */
export interface Worker extends AsyncDisposable {
  /** The configuration's path. */
  readonly config: string;
}

// A worker has neither files nor processes, and must not generate code, as the validator of the JSON Schemas does.
const NOT_FOR_WORKERS =
  /^tests\/(?:(bench|browser|cli|examples|house|opentelemetry|schedules|schemas|scripts|durable\/killed)\/|children\/killed|studio\/schedules|stores\/(file|sqlite|deno_kv|durable_object|postgres|redis|indexed_db|sealed\/edited|key_value\/(nats|web_storage)))/;
/** Why some test files are left out. */
export const LEFT_OUT =
  "tests of benchmarks, browsers, the command line, examples, house, OpenTelemetry, schedules, schemas, scripts and some stores need files, processes, servers, generated code or fast time zones";
/** What workerd has not, or has not in a form that does. */
const PACKAGES: Readonly<Record<string, string>> = {
  "fast-check": "node_modules/fast-check/lib/fast-check.js",
  "@dagrejs/dagre": "node_modules/@dagrejs/dagre/dist/dagre.esm.js",
  "@opentelemetry/api": "node_modules/@opentelemetry/api/dist/index.mjs",
  "node:test": "scripts/workerd/node_test.ts",
  "node:assert": "scripts/workerd/node_assert.ts",
  "@std/assert": "tests/support/offline/assert.ts",
  "croner": "node_modules/croner/dist/croner.js",
  "valibot": "node_modules/valibot/dist/index.mjs",
};
/** The one example that is made for workers. */
const EDGE_FUNCTION = "examples/edge_function/worker.ts";
const VARIABLES = ["PART", "PARTS", "TEXT"];

/** Whether a file of the tests can run in a worker. */
export function fitsWorkers(path: string): boolean {
  return !NOT_FOR_WORKERS.test(path.replace(/^\.\//, ""));
}

/** Makes a worker without compatibility flags; `main` is its main module, at the root of the repository. */
export async function makeWorker(main: string, compatibilityDate: string): Promise<Worker> {
  const folder = await Deno.makeTempDir();
  const names = [
    "main",
    ...Object.keys(PACKAGES),
    "mod.ts",
    EDGE_FUNCTION,
    ...[...listFiles("src"), ...listFiles("tests")].filter(fitsWorkers),
  ];
  const modules = await Promise.all(names.map(async (name, index) => {
    const text = name === "main" ? main : await readModule(PACKAGES[name] ?? name);
    await Deno.writeTextFile(`${folder}/${index}.js`, toModule(name, text));
    return `(name = ${JSON.stringify(name)}, esModule = embed "${index}.js")`;
  }));
  const bindings = VARIABLES.map((name) => `(name = "${name}", fromEnvironment = "${name}")`);
  const config = `${folder}/config.capnp`;
  await Deno.writeTextFile(
    config,
    `
using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (services = [(name = "worker", worker = .worker)]);
const worker :Workerd.Worker = (
  compatibilityDate = "${compatibilityDate}",
  modules = [${modules.join(",\n    ")}],
  bindings = [${bindings.join(", ")}],
);`,
  );
  return { config, [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }) };
}

/** A package of several files becomes one: the sources stay as they are. */
async function readModule(path: string): Promise<string> {
  if (path !== PACKAGES["fast-check"] && path !== PACKAGES["@opentelemetry/api"]) return await Deno.readTextFile(path);
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["bundle", "--quiet", "--platform", "browser", path],
  }).output();
  if (!success) throw new Error(`Cannot bundle ${path}:\n${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout);
}

/** workerd takes every specifier for a path, and knows no import attributes. */
function toModule(name: string, text: string): string {
  if (name.endsWith(".json")) return `export default ${text}`;
  const script = PACKAGES[name]?.startsWith("node_modules/") ? text : stripTypeScriptTypes(text);
  return script.replaceAll(
    / from "(valibot|croner|fast-check|@dagrejs\/dagre|@opentelemetry\/api|@std\/assert)";/g,
    ' from "/$1";',
  )
    .replaceAll(' from "@routilux/routilux";', ' from "/mod.ts";')
    .replaceAll(' with { type: "json" };', ";");
}

/** The scripts and JSON files below a folder. */
export function listFiles(folder: string): string[] {
  return [...Deno.readDirSync(folder)].flatMap(({ name, isDirectory }) =>
    isDirectory ? listFiles(`${folder}/${name}`) : /\.(ts|json)$/.test(name) ? [`${folder}/${name}`] : []
  ).sort();
}
