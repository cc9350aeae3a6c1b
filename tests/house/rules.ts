import { scan, type Source } from "./source.ts";

/** One sentence per breach of a rule, beginning with the path. */
export type Findings = readonly string[];

const FLOORS: readonly string[] = [
  "base",
  "values",
  "model",
  "ports",
  "job",
  "documents",
  "engine/activation",
  "engine/durable",
  "engine/execution",
  "engine",
  "src",
  "routines",
  "schedules",
  "testing",
  "studio",
  "cli",
  "mod.ts",
];
/** Beside the floors: what reads documents. Each imports its own files and these floors only; `studio` and `cli` may import it. */
const READERS: Readonly<Record<string, readonly string[]>> = {
  inspect: ["base", "values", "job", "documents"],
  diagram: ["documents", "inspect"],
};
/** The floors that readers are for. */
const READER_USERS: readonly string[] = ["studio", "cli"];
/** The packages that floors beside the adapters import, which may import any. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  documents: ["valibot"],
  diagram: ["@dagrejs/dagre"],
  cli: ["@std/json", "cli-progress"],
  schedules: ["croner"],
};
/** Beside the floors: what stands behind a port. Each imports the lowest floors, its own parts and a kit only. */
const ADAPTERS: readonly string[] = ["stores", "host"];
const ADAPTER_NEEDS: readonly string[] = ["base", "ports"];
/** What adapters share: they may import it, too. */
const ADAPTER_KITS: readonly string[] = ["key_value_kit", "server_kit", "sqlite_kit"];
const ADAPTER_USERS: readonly string[] = ["src/default_engine.ts", "mod.ts"];
/** More lines of code than this fail. */
export const MAX_LINES = 300;
/** Files are aimed to stay under this. */
export const AIMED_LINES = 150;

/** The floor of a file: a folder of `src` or of `src/engine`, `src` for a file directly in it, or `mod.ts`. */
export function floorOf(path: string): string {
  const [top = "", folder = "", part = "", ...below] = path.split("/");
  if (top !== "src") return top;
  if (folder === "engine" && below.length > 0) return `engine/${part}`;
  return part === "" ? "src" : folder;
}

/** The specifiers of all imports and exports of a file, type imports and `import()` included. */
export function specifiers({ text }: Source): string[] {
  const { code, strings } = scan(text);
  return strings.filter(({ at }) => /(\bfrom|\bimport|\bimport\s*\()\s*$/.test(code.slice(0, at))).map(({ value }) =>
    value
  );
}

/** The files that a source imports, or exports from, as more than types. `import()` loads a file later, and is left out. */
export function valueImports({ path, text }: Source): string[] {
  const { code, strings } = scan(text);
  return strings.filter(({ at, value }) => value.startsWith(".") && isLoading(code.slice(0, at)))
    .map(({ value }) => resolve(path, value));
}

/** Says whether the statement that ends before a specifier loads the module. */
function isLoading(before: string): boolean {
  if (/\bimport\s*$/.test(before)) return true;
  const statement = /\b(?:import|export)(?:(?!\b(?:import|export)\b)[^;"'])*\bfrom\s*$/.exec(before)?.[0];
  return statement !== undefined && !/^\w+\s+type\b/.test(statement);
}

/**
 * The names that a module exports, sorted.
 *
 * @throws {TypeError} for `export *` and for a default export: they hide what is public
 */
export function exportedNames({ path, text }: Source): string[] {
  const { code } = scan(text);
  if (/\bexport\s*(type\s*)?\*|\bexport\s+default\b/.test(code)) {
    throw new TypeError(`${path} has an export without a name`);
  }
  const lists = Array.from(code.matchAll(/\bexport\s*(?:type\s*)?\{([^}]*)\}/g), ([, list = ""]) => list.split(","));
  const listed = lists.flat().map((it) => it.trim().replace(/^type\s+/, "").replace(/^.*\sas\s+/, ""));
  const declared = code.matchAll(
    /\bexport\s+(?:abstract\s+|async\s+)*(?:class|const|function\*?|interface|let|type)\s+([\w$]+)/g,
  );
  return [...listed.filter((it) => it !== ""), ...Array.from(declared, ([, name = ""]) => name)].sort();
}

/** The path that a relative specifier means. */
export function resolve(from: string, specifier: string): string {
  const parts = from.split("/").slice(0, -1);
  for (const part of specifier.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== ".") parts.push(part);
  }
  return parts.join("/");
}

/**
 * An import goes to its own floor or to a lower one; adapters import the ports, their own parts and shared kits, and few import them;
 * readers import a few floors that are listed.
 */
export function checkFloors(source: Source): Findings {
  const own = floorOf(source.path);
  if (!ADAPTERS.includes(own) && !FLOORS.includes(own) && READERS[own] === undefined) {
    return [`${source.path} is on no floor`];
  }
  return relativeImports(source).filter((target) => !mayImport(source.path, own, target))
    .map((target) => `${source.path} (${own}) must not import ${target} (${floorOf(target)})`);
}

function mayImport(path: string, own: string, target: string): boolean {
  const floor = floorOf(target);
  if (ADAPTERS.includes(own)) {
    const adapter = adapterOf(target) ?? "";
    return ADAPTER_NEEDS.includes(floor) || adapter === adapterOf(path) || ADAPTER_KITS.includes(adapter);
  }
  if (READERS[own] !== undefined) return floor === own || READERS[own].includes(floor);
  if (READERS[floor] !== undefined) return READER_USERS.includes(own);
  if (ADAPTERS.includes(floor)) return own === "testing" || own === "cli" || ADAPTER_USERS.includes(path);
  return FLOORS.includes(floor) && FLOORS.indexOf(floor) <= FLOORS.indexOf(own);
}

/** The name of an adapter: its file's, and that of the folder with its parts. */
function adapterOf(path: string): string | undefined {
  return /^src\/(?:stores|host)\/(\w+)/.exec(path)?.[1];
}

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/"));
}

function relativeImports(source: Source): string[] {
  return specifiers(source).filter((it) => it.startsWith(".")).map((it) => resolve(source.path, it));
}

/** Outside the adapters a file imports nothing but files and the packages of its floor; the command line also modules of the host. */
export function checkSpecifiers(source: Source): Findings {
  const floor = floorOf(source.path);
  const computed = /\bimport\s*\(\s*[^\s"']/.test(scan(source.text).code);
  const packages = specifiers(source).filter((it) => !it.startsWith("."));
  const refused = packages.filter((it) =>
    ADAPTERS.includes(floor) ? it === "valibot" : !(PACKAGES[floor] ?? []).includes(it) && !isOfHost(floor, it)
  );
  return [
    ...refused.map((it) => `${source.path} must not import "${it}"`),
    ...specifiers(source).filter((it) => it.startsWith(".") && !it.endsWith(".ts"))
      .map((it) => `${source.path} must name the extension of "${it}"`),
    ...(computed && !HOSTED.includes(floor) ? [`${source.path} has an import() that can't be checked`] : []),
  ];
}

/** The floors that run on a host with files, and load modules that users name. */
const HOSTED: readonly string[] = [...ADAPTERS, "cli"];

function isOfHost(floor: string, specifier: string): boolean {
  return HOSTED.includes(floor) && /^(?:node|bun):/.test(specifier);
}

/** File and folder names are in snake_case. */
export function checkPath({ path }: Source): Findings {
  const good = path.split("/").every((part) => /^_?[a-z0-9]+(_[a-z0-9]+)*(\.ts)?$/.test(part));
  return good ? [] : [`${path} is not in snake_case`];
}

/** How many lines are neither blank nor comment. */
export function countLines({ text }: Source): number {
  return scan(text).uncommented.split("\n").filter((line) => line.trim() !== "").length;
}

/** JSR's declarations for npm lack members with computed names: a class that says it is iterable would be an error there. */
export function checkIterables({ path, text }: Source): Findings {
  const said = scan(text).code.match(/\bimplements\b[^{]*\b(?:Async)?Itera(?:ble|tor)\w*/g) ?? [];
  return said.map(() =>
    `${path} has a class that implements an iterable; extend it by an interface of the class's name`
  );
}

/** What the oldest Node that is supported, 20, does not have. */
const TOO_NEW =
  /\b(?:Map|Object)\.groupBy\b|\bPromise\.(?:try|withResolvers)\b|\bArray\.fromAsync\b|\bIterator\.\w+|\.(?:values|keys|entries)\(\)\s*\.(?:drop|every|filter|find|flatMap|map|reduce|some|take|toArray)\(/g;

/** The sources keep to what every supported runtime has. */
export function checkAge({ path, text }: Source): Findings {
  const found = scan(text).code.match(TOO_NEW) ?? [];
  return found.map((it) => `${path} has ${it}, which Node 20 does not have`);
}

/** A file stays under the limit of lines. */
export function checkLength(source: Source): Findings {
  const lines = countLines(source);
  return lines > MAX_LINES ? [`${source.path} has ${lines} lines of code, more than ${MAX_LINES}`] : [];
}

/** Imports name files that exist. */
export function checkTargets(sources: readonly Source[]): Findings {
  const known = new Set(sources.map(({ path }) => path));
  return sources.flatMap((source) =>
    relativeImports(source).filter((target) => !known.has(target)).map((it) =>
      `${source.path} imports ${it}, which is not there`
    )
  );
}

/**
 * No file imports itself over others. Between files of one folder only imports that are loaded at run time count; across
 * folders those of types do as well.
 */
export function checkCycles(sources: readonly Source[]): Findings {
  const all = new Map(sources.map((source) => [source.path, relativeImports(source)]));
  const values = new Map(sources.map((source) => [source.path, valueImports(source)]));
  const findings = new Set<string>();
  for (const [path, targets] of all) {
    for (const target of targets) {
      const isInside = folderOf(path) === folderOf(target);
      if (isInside && values.get(path)?.includes(target) !== true) continue;
      const trail = findTrail(target, path, isInside ? values : all);
      if (trail !== undefined) findings.add(`${closeCycle(trail).join(" -> ")} is a cycle`);
    }
  }
  return [...findings];
}

/** The shortest chain of imports from one file to another, both included. */
function findTrail(from: string, to: string, graph: ReadonlyMap<string, readonly string[]>): string[] | undefined {
  const trails = new Map([[from, [from]]]);
  for (const [path, trail] of trails) {
    if (path === to) return trail;
    for (const target of graph.get(path) ?? []) if (!trails.has(target)) trails.set(target, [...trail, target]);
  }
  return undefined;
}

/** The files of a cycle, from the first by name to itself again: so each cycle reads the same wherever it was entered. */
function closeCycle(files: readonly string[]): string[] {
  const first = files.reduce((a, b) => a < b ? a : b);
  const at = files.indexOf(first);
  return [...files.slice(at), ...files.slice(0, at), first];
}
