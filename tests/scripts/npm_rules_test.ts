import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { checkPublished, type Manifest } from "../../scripts/npm_rules.ts";

const MANIFEST: Manifest = {
  exports: {
    ".": { types: "./types/mod.d.ts", default: "./mod.js" },
    "./schemas/*": "./schemas/*",
    "./package.json": "./package.json",
  },
  dependencies: { valibot: "^1.5.0" },
};
const FILES: Readonly<Record<string, string>> = {
  "package.json": "{}",
  "README.md": "",
  "CHANGELOG.md": "",
  "LICENSE": "",
  "licenses/valibot.md": "",
  "mod.js": `import { a } from "./shared/a.js";\nexport { a };\n`,
  "shared/a.js": `import * as v from "valibot";\nimport { readFileSync } from "node:fs";\nexport const a = v;\n`,
  "types/mod.d.ts": `export type { A } from "./src/a.js";\n`,
  "types/src/a.d.ts": `export type A = string;\n`,
  "schemas/flow.v1.json": "{}",
};

function faults(changes: Readonly<Record<string, string | undefined>>, manifest: Manifest = MANIFEST): string[] {
  const files = Object.entries({ ...FILES, ...changes }).flatMap(([path, text]) =>
    text === undefined ? [] : [[path, text] as const]
  );
  return checkPublished({ manifest, files: new Map(files) });
}

test("checkPublished() finds nothing wrong with a good package", () => {
  assertEquals(faults({}), []);
});

test("checkPublished() refuses an entry without declarations", () => {
  const exports = { ...MANIFEST.exports, ".": { default: "./mod.js" } };
  assertEquals(faults({}, { ...MANIFEST, exports })[0], `"." has the conditions default, not types, default`);
  assertEquals(faults({ "types/mod.d.ts": undefined }), [
    `"." means ./types/mod.d.ts, which is missing`,
    "types/src/a.d.ts is published, but no entry leads to it",
  ]);
});

test("checkPublished() refuses conditions in an order that hides the declarations", () => {
  const exports = { ...MANIFEST.exports, ".": { default: "./mod.js", types: "./types/mod.d.ts" } };
  assertEquals(faults({}, { ...MANIFEST, exports }), [
    `"." has the conditions default, types, not types, default`,
  ]);
});

test("checkPublished() refuses an entry without a script, schemas or any entry at all", () => {
  assertEquals(faults({ "mod.js": undefined, "shared/a.js": undefined }), [
    `"." means ./mod.js, which is missing`,
    `nothing imports the dependency "valibot"`,
  ]);
  assertEquals(faults({ "schemas/flow.v1.json": undefined }), [`"./schemas/*" means ./schemas/*, which is missing`]);
  assertEquals(faults({}, { dependencies: { valibot: "^1.5.0" } })[0], "package.json has no exports");
});

test("checkPublished() refuses an import of what is no dependency", () => {
  const { exports } = MANIFEST;
  assertEquals(faults({}, exports === undefined ? {} : { exports }), [
    `shared/a.js imports "valibot", which is no dependency`,
  ]);
  assertEquals(faults({ "types/src/a.d.ts": `import type { B } from "b";\nexport type A = B;\n` }), [
    `types/src/a.d.ts imports "b", which is no dependency`,
  ]);
});

test("checkPublished() refuses a dependency that nothing imports", () => {
  assertEquals(faults({}, { ...MANIFEST, dependencies: { valibot: "^1.5.0", ajv: "^8" } }), [
    `nothing imports the dependency "ajv"`,
  ]);
});

test("checkPublished() refuses imports of sources and of files that are missing", () => {
  assertEquals(faults({ "types/mod.d.ts": `export type { A } from "./src/a.ts";\n` }), [
    `types/mod.d.ts imports "./src/a.ts", which compilers refuse`,
    "types/src/a.d.ts is published, but no entry leads to it",
  ]);
  assertEquals(faults({ "types/src/a.d.ts": undefined }), [
    `types/mod.d.ts imports "./src/a.js", which is missing`,
  ]);
});

test("checkPublished() refuses a package without its documents, and one with files that nobody asked for", () => {
  assertEquals(faults({ LICENSE: undefined }), ["LICENSE is missing"]);
  assertEquals(faults({ "licenses/valibot.md": undefined }), ["licenses/valibot.md is missing"]);
  assertEquals(faults({ "src/a.js": "" }), ["src/a.js is published, but no entry leads to it"]);
});

test("checkPublished() refuses a program that is missing, or that no system would run", () => {
  const manifest = { ...MANIFEST, bin: { tool: "./bin.js" } };
  assertEquals(faults({ "bin.js": `#!/usr/bin/env node\nimport "./shared/a.js";\n` }, manifest), []);
  const fault = "the program ./bin.js is missing, or does not begin with #!";
  assertEquals(faults({}, manifest), [fault]);
  assertEquals(faults({ "bin.js": `import "./shared/a.js";\n` }, manifest), [fault]);
});

test("checkPublished() refuses links to what is not in the package", () => {
  const good = "[a](schemas) [b](LICENSE) [c](https://example.com/) [d](#below) [e](schemas/flow.v1.json#a)";
  assertEquals(faults({ "README.md": good }), []);
  assertEquals(faults({ "README.md": "[a](src/flow.ts)" }), [
    "README.md links to src/flow.ts, which is not in the package",
  ]);
});

test("checkPublished() refuses classes that the bundler has renamed: messages and stacks show their names", () => {
  const script =
    `import * as v from "valibot";\nvar A = class _A {\n  static a = () => new _A();\n};\nexport { A, v };\n`;
  assertEquals(faults({ "shared/a.js": script }), ["shared/a.js has the class _A, which its source has not"]);
  assertEquals(faults({ "shared/a.js": script.replaceAll("_A", "A") }), []);
});
