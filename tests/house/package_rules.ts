import type { Findings } from "./rules.ts";

/** The manifests of the package, and what else tells its version. */
export interface Package {
  /** `deno.json`, which Deno and `deno publish` read. */
  readonly deno: Manifest;
  /** `jsr.json`, which `jsr publish` reads. */
  readonly jsr: Manifest;
  /** `package.json`, for npm, Bun and Node. */
  readonly npm: Manifest;
  /** `offline.json`, the import map for where JSR can't be reached. */
  readonly offline: Manifest;
  /** The configuration under which the portable sources are checked. */
  readonly portable: Manifest;
  /** The packages that the published sources import. */
  readonly imported: ReadonlySet<string>;
  /** The text of `CHANGELOG.md`. */
  readonly changelog: string;
  /** Tells whether a file of the repository exists. */
  readonly exists: (path: string) => boolean;
}

/** A parsed manifest. */
export type Manifest = Readonly<Record<string, unknown>>;

/** The manifests agree on what the package is. */
export function checkIdentity({ deno, jsr, npm }: Package): Findings {
  return [
    ...["name", "version", "license", "exports", "publish"].flatMap((key) => unlike("jsr.json", jsr, deno, key)),
    ...["name", "version", "license", "exports"].flatMap((key) => unlike("package.json", npm, deno, key)),
  ];
}

/**
 * Every import has one version, whichever manifest resolves it; what only tests need is not published, and only JSR's
 * packages have a stand-in offline.
 */
export function checkImports({ deno, imported, jsr, npm, offline, portable }: Package): Findings {
  const imports = record(deno["imports"]);
  const tools = record(npm["devDependencies"]);
  const published = select(imports, (target, name) => target.startsWith("npm:") && tools[name] === undefined);
  const tested = select(imports, (target, name) => target.startsWith("npm:") && tools[name] !== undefined);
  const standard = select(imports, (target, name) => target.startsWith("jsr:") && imported.has(name));
  const own = select(imports, (target) => !target.startsWith("jsr:"));
  const others = record(offline["imports"]);
  const standIns = select(others, (_target, name) => imports[name]?.startsWith("jsr:") ?? false);
  const installed = targets(record(npm["dependencies"]));
  const packages = select(record(portable["imports"]), (_target, name) => !name.startsWith("."));
  return [
    ...differ("devDependencies of package.json", select(targets(tools), (_target, name) => name in tested), tested),
    ...differ("imports of jsr.json", record(jsr["imports"]), { ...published, ...standard }),
    ...differ("dependencies of package.json", installed, published),
    ...differ("imports of offline.json", others, { ...own, ...standIns }),
    ...differ("imports of portable.json", packages, published),
    ...Object.entries(standIns).filter(([, target]) => !target.startsWith("./tests/"))
      .map(([name, target]) => `offline.json maps ${name} to ${target}, which is not under tests`),
  ];
}

/** Every file that the package exports exists and is published. */
export function checkExports({ deno, exists }: Package): Findings {
  const include = record(deno["publish"])["include"];
  const patterns = Array.isArray(include) ? include.map(String) : [];
  const published = (file: string) =>
    patterns.some((it) => it === file || it.endsWith("/**") && file.startsWith(it.slice(0, -2)));
  return Object.values(record(deno["exports"])).map((file) => file.replace(/^\.\//, "")).flatMap((file) => [
    ...(exists(file) ? [] : [`${file} is exported but not there`]),
    ...(published(file) ? [] : [`${file} is exported but not published`]),
  ]);
}

/** The changelog tells of this version. */
export function checkChangelog({ deno, changelog }: Package): Findings {
  const version = String(deno["version"]);
  const pattern = new RegExp(`^## .*(?<![\\w.])${version.replaceAll(".", "\\.")}(?![\\w.])`, "m");
  return pattern.test(changelog) ? [] : [`CHANGELOG.md has no heading for ${version}`];
}

/** The portable sources are checked as strictly as all others. */
export function checkStrictness({ deno, portable }: Package): Findings {
  const { lib: _lib, types: _types, ...options } = record(portable["compilerOptions"]) as Record<string, unknown>;
  return differ("compilerOptions of portable.json", options, record(deno["compilerOptions"]));
}

function targets(ranges: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(ranges).map(([name, range]) => [name, `npm:${name}@${range}`]));
}

function unlike(file: string, actual: Manifest, expected: Manifest, key: string): Findings {
  return differ(`${key} of ${file}`, actual[key], expected[key]);
}

function differ(what: string, actual: unknown, expected: unknown): Findings {
  const [is, wanted] = [canonical(actual), canonical(expected)];
  return is === wanted ? [] : [`${what} is ${is}, but ${wanted} in deno.json`];
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, it) => {
    if (Array.isArray(it)) return it.toSorted();
    return it !== null && typeof it === "object" ? Object.fromEntries(Object.entries(it).sort()) : it;
  });
}

function select(all: Record<string, string>, keep: (target: string, name: string) => boolean): Record<string, string> {
  return Object.fromEntries(Object.entries(all).filter(([name, target]) => keep(target, name)));
}

function record(value: unknown): Record<string, string> {
  return value !== null && typeof value === "object" ? { ...value } as Record<string, string> : {};
}
