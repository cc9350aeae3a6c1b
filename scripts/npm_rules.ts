import { resolve, specifiers } from "../tests/house/rules.ts";

/** A package as it is published. */
export interface Published {
  /** Its `package.json`. */
  readonly manifest: Manifest;
  /** The text of its files, by their paths from its root. */
  readonly files: ReadonlyMap<string, string>;
}

/** The fields of `package.json` that the rules look at. */
export interface Manifest {
  readonly exports?: Readonly<Record<string, string | Readonly<Record<string, string>>>>;
  readonly bin?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
}

/** What npm shows and what licences ask for: that of the library, and that of a package which is in its files. */
const DOCUMENTS = ["package.json", "README.md", "CHANGELOG.md", "LICENSE", "licenses/valibot.md"];

/** Returns one sentence for each fault of a package. */
export function checkPublished(published: Published): string[] {
  const rules = [checkEntries, checkImports, checkFiles, checkLinks, checkNames];
  return rules.flatMap((check) => check(published));
}

/** Each entry names declarations first, then a script, and both are there; a pattern means at least one file. */
function checkEntries({ manifest, files }: Published): string[] {
  const entries = Object.entries(manifest.exports ?? {});
  const faults = entries.flatMap(([entry, target]) => {
    if (typeof target === "string") {
      return isThere(target, files) ? [] : [`"${entry}" means ${target}, which is missing`];
    }
    const conditions = Object.keys(target).join(", ");
    if (conditions !== "types, default") return [`"${entry}" has the conditions ${conditions}, not types, default`];
    return Object.values(target).filter((it) => !isThere(it, files)).map((it) =>
      `"${entry}" means ${it}, which is missing`
    );
  });
  return entries.length === 0 ? ["package.json has no exports"] : faults;
}

/** Scripts and declarations import files of the package, dependencies and modules of Node; no dependency is unused. */
function checkImports({ manifest, files }: Published): string[] {
  const dependencies = Object.keys(manifest.dependencies ?? {});
  const faults: string[] = [];
  const used = new Set<string>();
  for (const [path, text] of files) {
    if (!/\.[jt]s$/.test(path)) continue;
    for (const specifier of new Set(specifiers({ path, text }))) {
      if (specifier.startsWith("node:")) continue;
      if (!specifier.startsWith(".")) {
        used.add(specifier);
        if (!dependencies.includes(specifier)) faults.push(`${path} imports "${specifier}", which is no dependency`);
      } else if (specifier.endsWith(".ts")) faults.push(`${path} imports "${specifier}", which compilers refuse`);
      else if (!files.has(imported(path, specifier))) faults.push(`${path} imports "${specifier}", which is missing`);
    }
  }
  return [
    ...faults,
    ...dependencies.filter((it) => !used.has(it)).map((it) => `nothing imports the dependency "${it}"`),
  ];
}

/** The documents are there, and every other file is reached from an entry. */
function checkFiles({ manifest, files }: Published): string[] {
  const targets = Object.values(manifest.exports ?? {}).flatMap((it) =>
    typeof it === "string" ? [it] : Object.values(it)
  );
  const programs = Object.values(manifest.bin ?? {});
  const guides = [...files.keys()].filter((it) => it.startsWith("docs/"));
  const reached = new Set([...DOCUMENTS, ...guides, ...[...targets, ...programs].flatMap((it) => filesOf(it, files))]);
  for (const path of reached) {
    const text = /\.[jt]s$/.test(path) ? files.get(path) ?? "" : "";
    for (const it of specifiers({ path, text })) if (it.startsWith(".")) reached.add(imported(path, it));
  }
  return [
    ...DOCUMENTS.filter((it) => !files.has(it)).map((it) => `${it} is missing`),
    ...programs.filter((it) => !isProgram(it, files)).map((it) =>
      `the program ${it} is missing, or does not begin with #!`
    ),
    ...[...files.keys()].filter((it) => !reached.has(it)).map((it) => `${it} is published, but no entry leads to it`),
  ];
}

/** Links of documents lead to files of the package, or out of it by their whole address. */
function checkLinks({ files }: Published): string[] {
  const documents = [...files].filter(([path]) => path.endsWith(".md"));
  return documents.flatMap(([path, text]) =>
    Array.from(text.matchAll(/\]\(([^)#\s]+)[^)]*\)/g), ([, target = ""]) => target)
      .filter((it) => !/^[a-z]+:/.test(it) && !leads(resolve(path, it), files))
      .map((it) => `${path} links to ${it}, which is not in the package`)
  );
}

/** Classes have the names of their sources, which messages and stacks show. */
function checkNames({ files }: Published): string[] {
  return [...files].flatMap(([path, text]) =>
    path.endsWith(".js")
      ? Array.from(
        text.matchAll(/\bclass (_\w+)/g),
        ([, name]) => `${path} has the class ${name}, which its source has not`,
      )
      : []
  );
}

/** Whether a file or a folder of the package has that path. */
function leads(target: string, files: ReadonlyMap<string, string>): boolean {
  return [...files.keys()].some((file) => file === target || file.startsWith(`${target}/`));
}

/** The path of an imported file: declarations name each other as if they were scripts. */
function imported(path: string, specifier: string): string {
  const target = resolve(path, specifier);
  return path.endsWith(".d.ts") ? target.replace(/\.js$/, ".d.ts") : target;
}

/** Without its first line the systems would not know how to run it. */
function isProgram(target: string, files: ReadonlyMap<string, string>): boolean {
  return filesOf(target, files).some((path) => files.get(path)?.startsWith("#!/usr/bin/env node\n"));
}

function isThere(target: string, files: ReadonlyMap<string, string>): boolean {
  return filesOf(target, files).length > 0;
}

function filesOf(target: string, files: ReadonlyMap<string, string>): string[] {
  const [before = "", after] = target.replace(/^\.\//, "").split("*");
  return [...files.keys()].filter((it) =>
    after === undefined ? it === before : it.startsWith(before) && it.endsWith(after)
  );
}
