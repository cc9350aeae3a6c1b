import { readdirSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { build, stop } from "npm:esbuild@0.28.2";
import config from "../deno.json" with { type: "json" };
import { chooseAssertions } from "./assertions.ts";
import { resolve, specifiers } from "../tests/house/rules.ts";
import { listFiles } from "./worker.ts";

// Makes the package as npm users get it: one file of JavaScript for each entry, files that entries share, declarations.

/** What every supported runtime and bundler reads. */
const TARGET = "es2022";
/** The oldest Node whose `node:zlib` has `crc32`, which the file store imports. */
const ENGINES = { node: ">=20.15.0" };
/** Files of the repository that belong to the package as they are. */
const DOCUMENTS = ["README.md", "CHANGELOG.md", "LICENSE", "licenses/valibot.md"];
const SCHEMAS = "schemas";
const GUIDES = "docs";
/** The program that the package brings, and where it stands there. */
const PROGRAM = { name: "routilux", source: "src/cli/program.ts", file: "bin/routilux" };
/** A package of JSR that npm does not have: the package brings what it uses of it. */
const STANDARD = { name: "@std/json", uses: "{ JsonParseStream, JsonStringifyStream }" };
/** What the main entry needs of this one is in its file: Node would look for the package, and read all of it. The declarations name it. */
const SCHEMAS_PACKAGE = { name: "valibot", uses: "*" };
const HASHBANG = "#!/usr/bin/env node\n";
/** The scheme of the modules that are made up of an entry for the bundler. */
const ENTRY = "entry";
const SOURCE_SPECIFIER = /(\bfrom |\bimport |\bimport\()"(\.[^"]*)\.ts"/g;
const SOURCE_LINK = /\[([^\]]*)\]\((?:\.\.\/)*(?:src|mod\.ts)[^)]*\)/g;
const NPM_IMPORT = /^npm:(@?[^@]+)@(.+)$/;

const entries = Object.entries(config.exports).map(([subpath, path]) => ({
  subpath,
  source: path.slice("./".length),
  name: subpath === "." ? "mod" : subpath.slice("./".length),
}));

/** Makes the package in a folder that may not exist yet, or hold an older one. */
export async function makePackage(root: string): Promise<void> {
  await Deno.mkdir(root, { recursive: true });
  await Deno.remove(root, { recursive: true });
  const { flags } = await chooseAssertions();
  const packages = new Set([...await writeScripts(root, flags), ...await writeDeclarations(root)]);
  for (const name of listFiles(SCHEMAS)) await copy(name, `${root}/${name}`);
  const guides = readdirSync(GUIDES, { recursive: true, encoding: "utf8" }).map((name) => `${GUIDES}/${name}`)
    .filter((name) => Deno.statSync(name).isFile);
  for (const name of [...DOCUMENTS, ...guides]) {
    await copy(name, `${root}/${name}`);
    // The others are pictures.
    if (!name.endsWith(".md")) continue;
    await Deno.writeTextFile(`${root}/${name}`, withoutSources(await Deno.readTextFile(name)));
  }
  await Deno.writeTextFile(
    `${root}/package.json`,
    JSON.stringify(manifest(packages, flags.length === 0), null, 2) + "\n",
  );
}

/**
 * Bundles the entries, and returns the packages that they import. Each imports the main entry, so that all of it becomes one
 * shared file: every file that Node loads costs it about a millisecond, and whoever uses another entry uses the main one too.
 */
async function writeScripts(root: string, flags: readonly string[]): Promise<ReadonlySet<string>> {
  const what = flags.length === 0 ? "the real package" : "the stand-in of tests/support: it must not be published";
  console.log(`${STANDARD.name} in the package is ${what}`);
  const [standard, schemas] = [await bundlePackage(STANDARD, flags), await bundlePackage(SCHEMAS_PACKAGE, flags)];
  const { metafile } = await build({
    entryPoints: {
      ...Object.fromEntries(entries.map(({ name, source }) => [name, `${ENTRY}:${source}`])),
      [PROGRAM.file]: `${ENTRY}:${PROGRAM.source}`,
    },
    alias: { [STANDARD.name]: standard, [SCHEMAS_PACKAGE.name]: schemas },
    plugins: [{
      name: ENTRY,
      setup({ onResolve, onLoad }) {
        // What is loaded when it is needed is an entry, too.
        onResolve(
          { filter: /^\.\.?\// },
          ({ kind, path, resolveDir }) =>
            kind === "dynamic-import"
              ? { path: relative(Deno.cwd(), join(resolveDir, path)), namespace: ENTRY }
              : undefined,
        );
        onResolve({ filter: /^entry:/ }, ({ path }) => ({ path: path.slice(ENTRY.length + 1), namespace: ENTRY }));
        onLoad({ filter: /./, namespace: ENTRY }, ({ path }) => ({
          contents: `${path === PROGRAM.source ? HASHBANG : ""}import "./mod.ts"; export * from "./${path}";`,
          resolveDir: Deno.cwd(),
        }));
      },
    }],
    outdir: root,
    chunkNames: "shared/[hash]",
    bundle: true,
    splitting: true,
    format: "esm",
    target: TARGET,
    platform: "neutral",
    packages: "external",
    metafile: true,
    logLevel: "warning",
  });
  await stop();
  for (const path of [standard, schemas]) await Deno.remove(path);
  for (const path of Object.keys(metafile.outputs)) {
    await Deno.writeTextFile(path, withNames(await Deno.readTextFile(path)));
  }
  await Deno.chmod(`${root}/${PROGRAM.file}.js`, 0o755);
  const imports = Object.values(metafile.outputs).flatMap((output) => output.imports);
  return new Set(imports.filter(({ external }) => external === true).map(({ path }) => path));
}

/** A class that names itself has another name inside when it is bundled: `var Slot = class _Slot`. Messages and stacks show it. */
const RENAMED = /^var (\w+) = class _\1\b/gm;

/** A script whose classes have their own names. */
function withNames(script: string): string {
  const names = Array.from(script.matchAll(RENAMED), ([, name]) => name);
  return names.length === 0 ? script : script.replaceAll(new RegExp(`\\b_(${names.join("|")})\\b`, "g"), "$1");
}

/** Writes what the package uses of another one into one file: of the real one, or of its stand-in where JSR is out of reach. */
async function bundlePackage(
  { name, uses }: { name: string; uses: string },
  flags: readonly string[],
): Promise<string> {
  const [entry, output] = [await Deno.makeTempFile({ suffix: ".ts" }), await Deno.makeTempFile({ suffix: ".js" })];
  await Deno.writeTextFile(entry, `export ${uses} from "${name}";`);
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["bundle", "--quiet", "--config", "deno.json", ...flags, "--output", output, entry],
  }).output();
  await Deno.remove(entry);
  if (!success) throw new Error(`Cannot bundle ${name}: ${decode(stderr)}`);
  return output;
}

/** Writes the declarations of the entries, and of every file that they name; returns the packages that they name. */
async function writeDeclarations(root: string): Promise<ReadonlySet<string>> {
  const all = await Deno.makeTempDir();
  try {
    await emitDeclarations(all);
    const known = new Set(entries.map(({ source }) => source));
    const packages = new Set<string>();
    for (const path of known) {
      const text = await Deno.readTextFile(`${all}/${declarationOf(path)}`);
      for (const it of specifiers({ path, text })) it.startsWith(".") ? known.add(resolve(path, it)) : packages.add(it);
      const target = `${root}/types/${declarationOf(path)}`;
      await Deno.mkdir(dirname(target), { recursive: true });
      await Deno.writeTextFile(target, text.replaceAll(SOURCE_SPECIFIER, '$1"$2.js"'));
    }
    return packages;
  } finally {
    await Deno.remove(all, { recursive: true });
  }
}

async function emitDeclarations(folder: string): Promise<void> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...[
        "run",
        "-A",
        "--quiet",
        "npm:typescript@7.0.2/tsc",
        "--ignoreConfig",
        "--emitDeclarationOnly",
        "--declaration",
      ],
      // The sources have been checked by Deno. What is exported says its types: no file needs another to be emitted.
      ...["--isolatedDeclarations", "--noCheck", "--types", "", "--target", TARGET, "--module", "esnext"],
      ...["--moduleResolution", "bundler", "--allowImportingTsExtensions", "--verbatimModuleSyntax"],
      ...["--rootDir", ".", "--outDir", folder, ...entries.map(({ source }) => source)],
    ],
  }).output();
  if (!success) throw new Error(`Cannot emit declarations: ${decode(stdout)}${decode(stderr)}`);
}

function declarationOf(source: string): string {
  return source.replace(/\.ts$/, ".d.ts");
}

function manifest(packages: ReadonlySet<string>, mayBePublished: boolean): object {
  const { name, version, description, license, imports } = config;
  const ranges = Object.values(imports).flatMap((target) => {
    const [, packageName, range] = NPM_IMPORT.exec(target) ?? [];
    return packageName !== undefined && packages.has(packageName) ? [[packageName, range]] : [];
  });
  return {
    name,
    version,
    description,
    license,
    // A stand-in must not reach anybody: npm refuses a package that is private.
    ...mayBePublished ? {} : { private: true },
    type: "module",
    exports: {
      ...Object.fromEntries(entries.map((it) => [it.subpath, {
        types: `./types/${declarationOf(it.source)}`,
        default: `./${it.name}.js`,
      }])),
      [`./${SCHEMAS}/*`]: `./${SCHEMAS}/*`,
      "./package.json": "./package.json",
    },
    bin: { [PROGRAM.name]: `./${PROGRAM.file}.js` },
    // The program does something when it is loaded.
    sideEffects: [`./${PROGRAM.file}.js`],
    engines: ENGINES,
    dependencies: Object.fromEntries(ranges),
  };
}

/** Without the links to sources, which npm users do not get: their words stay. */
function withoutSources(text: string): string {
  return text.replaceAll(SOURCE_LINK, "$1");
}

async function copy(from: string, to: string): Promise<void> {
  await Deno.mkdir(dirname(to), { recursive: true });
  await Deno.copyFile(from, to);
}

function decode(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
