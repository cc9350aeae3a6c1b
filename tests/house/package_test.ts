import { existsSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { assertEquals } from "@std/assert";
import * as rules from "./package_rules.ts";
import { specifiers } from "./rules.ts";
import { readSources, readText } from "./source.ts";

const exists = (path: string) => existsSync(fileURLToPath(new URL(`../../${path}`, import.meta.url)));

const actual: rules.Package = {
  deno: JSON.parse(readText("deno.json")),
  jsr: JSON.parse(readText("jsr.json")),
  npm: JSON.parse(readText("package.json")),
  offline: JSON.parse(readText("offline.json")),
  portable: JSON.parse(readText("tests/house/portable.json")),
  imported: new Set(readSources("src").flatMap(specifiers)),
  changelog: exists("CHANGELOG.md") ? readText("CHANGELOG.md") : "",
  exists,
};

const { checkChangelog, checkExports, checkIdentity, checkImports, checkStrictness } = rules;
for (const rule of [checkIdentity, checkImports, checkExports, checkChangelog, checkStrictness]) {
  test(`the package passes ${rule.name}()`, () => assertEquals(rule(actual), []));
}

const identity = {
  name: "@scope/name",
  version: "1.2.3",
  license: "MIT",
  exports: { ".": "./mod.ts" },
};
const publish = { include: ["mod.ts", "src/**"] };
const good: rules.Package = {
  deno: {
    ...identity,
    publish,
    imports: { own: "./mod.ts", "@std/assert": "jsr:@std/assert@^1", "@std/json": "jsr:@std/json@^1", v: "npm:v@^1" },
    compilerOptions: { strict: true },
  },
  jsr: { ...identity, publish, imports: { "@std/json": "jsr:@std/json@^1", v: "npm:v@^1" } },
  npm: { ...identity, dependencies: { v: "^1" } },
  offline: { imports: { v: "npm:v@^1", own: "./mod.ts", "@std/assert": "./tests/assert.ts" } },
  portable: {
    imports: { v: "npm:v@^1", "./host.ts": "./types.d.ts" },
    compilerOptions: { lib: ["esnext"], strict: true },
  },
  imported: new Set(["./mod.ts", "@std/json", "v"]),
  changelog: "# Changes\n\n## 1.2.3 (2025-01-01)\n",
  exists: (path) => path === "mod.ts",
};

test("a good package passes every rule", () => {
  for (const rule of [checkIdentity, checkImports, checkExports, checkChangelog, checkStrictness]) {
    assertEquals(rule(good), []);
  }
});

for (const [key, value] of Object.entries({ name: "x", version: "1.2.4", license: "x", exports: {}, publish: {} })) {
  test(`checkIdentity() refuses another ${key} in jsr.json`, () => {
    assertEquals(checkIdentity({ ...good, jsr: { ...good.jsr, [key]: value } }).length, 1);
  });
}

for (const [key, value] of Object.entries({ name: "x", version: "1.2.4", license: "x", exports: {} })) {
  test(`checkIdentity() refuses another ${key} in package.json`, () => {
    assertEquals(checkIdentity({ ...good, npm: { ...good.npm, [key]: value } }).length, 1);
  });
}

test("checkImports() refuses another version of a dependency", () => {
  assertEquals(checkImports({ ...good, npm: { ...good.npm, dependencies: { v: "^2" } } }).length, 1);
  assertEquals(checkImports({ ...good, jsr: { ...good.jsr, imports: { v: "npm:v@^2" } } }).length, 1);
  assertEquals(checkImports({ ...good, imported: new Set(["v"]) }).length, 1);
  assertEquals(checkImports({ ...good, portable: { ...good.portable, imports: {} } }).length, 1);
});

test("checkImports() refuses an offline map that goes its own way", () => {
  const offline = (imports: object) => ({ ...good, offline: { imports } });
  assertEquals(checkImports(offline({ v: "npm:v@^1", own: "./other.ts" })).length, 1);
  assertEquals(checkImports(offline({ v: "npm:v@^1", own: "./mod.ts", more: "./more.ts" })).length, 1);
  assertEquals(checkImports(offline({ v: "npm:v@^1", own: "./mod.ts", "@std/assert": "./src/assert.ts" })).length, 1);
});

test("checkExports() refuses what is missing or not published", () => {
  assertEquals(checkExports({ ...good, exists: () => false }).length, 1);
  assertEquals(checkExports({ ...good, deno: { ...good.deno, publish: { include: ["src/**"] } } }).length, 1);
  assertEquals(checkExports({ ...good, deno: { ...good.deno, publish: undefined } }).length, 1);
});

test("checkChangelog() refuses another version", () => {
  for (const changelog of ["", "## 1.2.30", "## 11.2.3", "1.2.3"]) {
    assertEquals(checkChangelog({ ...good, changelog }).length, 1);
  }
});

test("checkStrictness() refuses a looser configuration", () => {
  assertEquals(
    checkStrictness({ ...good, portable: { ...good.portable, compilerOptions: { strict: false } } }).length,
    1,
  );
});
