import { test } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import * as rules from "./rules.ts";

function finds(rule: (source: { path: string; text: string }) => rules.Findings, path: string, text: string): number {
  return rule({ path, text }).length;
}

test("specifiers() finds every kind of import", () => {
  const text = [
    `import { a } from "./a.ts";`,
    `import type { b } from './b.ts';`,
    `import "./c.ts";`,
    `export * from "./d.ts";`,
    `export {\n  e,\n} from "./e.ts";`,
    `const f = await import("./f.ts");`,
    `type G = import("./g.ts").G;`,
  ].join("\n");
  const names = ["a", "b", "c", "d", "e", "f", "g"].map((name) => `./${name}.ts`);
  assertEquals(rules.specifiers({ path: "mod.ts", text }), names);
});

test("specifiers() passes over other strings", () => {
  const text = `const o = { from: "a" }; Array.from("b"); // import "c"\n\`import "d"\`; "import 'e'"; x.import = "f";`;
  assertEquals(rules.specifiers({ path: "mod.ts", text }), []);
});

test("exportedNames() finds lists and declarations", () => {
  const text = [
    `export { a, type B, c as d } from "./a.ts";`,
    `export type {\n  E,\n  F,\n} from "./e.ts";`,
    "export const g = 1; export let h: string;",
    "export abstract class I {}",
    "export async function j(): Promise<void> {}",
    "export interface K {}\nexport type L = K;",
    `const m = 1; // export const n = 2;\n"export const o";`,
  ].join("\n");
  assertEquals(rules.exportedNames({ path: "mod.ts", text }), ["B", "E", "F", "I", "K", "L", "a", "d", "g", "h", "j"]);
});

for (const text of [`export * from "./a.ts";`, `export type * from "./a.ts";`, "export default class {}"]) {
  test(`exportedNames() refuses ${text}`, () => {
    assertThrows(() => rules.exportedNames({ path: "mod.ts", text }), TypeError, "an export without a name");
  });
}

test("resolve() follows dots", () => {
  assertEquals(rules.resolve("src/engine/engine.ts", "../base/errors.ts"), "src/base/errors.ts");
  assertEquals(rules.resolve("mod.ts", "./src/flow.ts"), "src/flow.ts");
});

const importing = (target: string) => `import { x } from "${target}";`;

const goodImports: readonly (readonly [path: string, target: string])[] = [
  ["src/values/json.ts", "./path.ts"],
  ["src/job/task.ts", "../ports/timers.ts"],
  ["src/engine/engine.ts", "../documents/job_codec.ts"],
  ["src/flow.ts", "./engine/engine.ts"],
  ["src/default_engine.ts", "./host/web_timers.ts"],
  ["src/host/web_timers.ts", "../ports/timers.ts"],
  ["src/host/web_timers.ts", "../base/errors.ts"],
  ["src/stores/file_store.ts", "./file_store/json_lines.ts"],
  ["src/stores/file_store/json_lines.ts", "./files.ts"],
  ["src/stores/deno_kv_store/client.ts", "../key_value_kit/client.ts"],
  ["src/stores/file_store/json_lines.ts", "../../ports/store.ts"],
  ["src/routines/mapper.ts", "../flow.ts"],
  ["src/testing/mod.ts", "../stores/memory_store.ts"],
  ["src/inspect/summary.ts", "../documents/job.ts"],
  ["src/diagram/graph.ts", "../inspect/summary.ts"],
  ["src/cli/stores.ts", "../stores/sqlite_store.ts"],
  ["src/cli/report.ts", "../diagram/svg.ts"],
  ["mod.ts", "./src/stores/memory_store.ts"],
];

const badImports: readonly (readonly [path: string, target: string])[] = [
  ["src/values/json.ts", "../model/event.ts"],
  ["src/model/flow.ts", "../ports/timers.ts"],
  ["src/model/flow.ts", "../job/task.ts"],
  ["src/ports/store.ts", "../job/commit.ts"],
  ["src/job/task.ts", "../documents/wire.ts"],
  ["src/documents/wire.ts", "../engine/engine.ts"],
  ["src/engine/engine.ts", "../flow.ts"],
  ["src/engine/engine.ts", "../host/web_timers.ts"],
  ["src/job.ts", "./host/web_timers.ts"],
  ["src/routines/mapper.ts", "../host/web_timers.ts"],
  ["src/routines/mapper.ts", "../testing/mod.ts"],
  ["src/host/web_timers.ts", "../model/event.ts"],
  ["src/host/web_timers.ts", "./memory_store.ts"],
  ["src/stores/memory_store.ts", "./file_store/json_lines.ts"],
  ["src/stores/file_store/json_lines.ts", "../memory_store/line.ts"],
  ["src/stores/key_value_kit/store.ts", "../deno_kv_store/client.ts"],
  ["src/flow.ts", "../mod.ts"],
  ["src/flow.ts", "./inspect/summary.ts"],
  ["src/inspect/summary.ts", "../flow.ts"],
  ["src/inspect/summary.ts", "../diagram/svg.ts"],
  ["src/diagram/graph.ts", "../cli/main.ts"],
  ["src/testing/mod.ts", "../cli/main.ts"],
  ["src/flow.ts", "../tests/house/rules.ts"],
  ["src/utils/thing.ts", "../base/errors.ts"],
];

test("checkFloors() lets imports go down", () => {
  for (const [path, target] of goodImports) assertEquals(rules.checkFloors({ path, text: importing(target) }), []);
});

for (const [path, target] of badImports) {
  test(`checkFloors() refuses ${target} in ${path}`, () => {
    assertEquals(finds(rules.checkFloors, path, importing(target)), 1);
    assertEquals(finds(rules.checkFloors, path, `import type { X } from "${target}";`), 1);
  });
}

test("checkSpecifiers() lets files, adapters' packages and the documents' valibot pass", () => {
  assertEquals(finds(rules.checkSpecifiers, "src/flow.ts", importing("./engine/engine.ts")), 0);
  assertEquals(finds(rules.checkSpecifiers, "src/stores/deno_kv.ts", importing("node:sqlite")), 0);
  assertEquals(finds(rules.checkSpecifiers, "src/documents/wire.ts", importing("valibot")), 0);
  assertEquals(finds(rules.checkSpecifiers, "src/diagram/layout.ts", importing("@dagrejs/dagre")), 0);
  for (const name of ["node:fs", "@std/json"]) {
    assertEquals(finds(rules.checkSpecifiers, "src/cli/export.ts", importing(name)), 0);
  }
  assertEquals(finds(rules.checkSpecifiers, "src/cli/registry.ts", "await import(name);"), 0);
});

for (
  const specifier of ["node:fs", "npm:valibot", "jsr:@std/json", "https://example.com/x.ts", "valibot", "@std/json"]
) {
  test(`checkSpecifiers() refuses ${specifier}`, () => {
    assertEquals(finds(rules.checkSpecifiers, "src/engine/engine.ts", importing(specifier)), 1);
  });
}

test("checkSpecifiers() refuses a package of another floor", () => {
  assertEquals(finds(rules.checkSpecifiers, "src/inspect/diff.ts", importing("@dagrejs/dagre")), 1);
  assertEquals(finds(rules.checkSpecifiers, "src/cli/main.ts", importing("@dagrejs/dagre")), 1);
  assertEquals(finds(rules.checkSpecifiers, "src/diagram/svg.ts", importing("node:fs")), 1);
});

test("checkSpecifiers() refuses valibot in an adapter, a missing extension and a computed import", () => {
  assertEquals(finds(rules.checkSpecifiers, "src/host/web_timers.ts", importing("valibot")), 1);
  assertEquals(finds(rules.checkSpecifiers, "src/flow.ts", importing("./engine")), 1);
  assertEquals(finds(rules.checkSpecifiers, "src/flow.ts", "await import(name);"), 1);
});

test("checkPath() wants snake_case", () => {
  for (const path of ["src/base/json_path.ts", "src/base/_private.ts", "mod.ts"]) {
    assertEquals(finds(rules.checkPath, path, ""), 0);
  }
  for (const path of ["src/base/jsonPath.ts", "src/base/json-path.ts", "src/Base/json.ts"]) {
    assertEquals(finds(rules.checkPath, path, ""), 1);
  }
});

test("checkIterables() refuses classes that say that they can be iterated", () => {
  for (
    const text of ["class A implements Iterable<T> {}", "class A<T> implements B, AsyncIterableIterator<T, void> {}"]
  ) {
    assertEquals(finds(rules.checkIterables, "src/a.ts", text), 1);
  }
  for (const text of ["class A implements B {}", "interface A extends Iterable<T> {}", "// implements Iterable"]) {
    assertEquals(finds(rules.checkIterables, "src/a.ts", text), 0);
  }
});

test("checkAge() refuses what the oldest Node does not have", () => {
  for (
    const text of ["Map.groupBy(a, b)", "Promise.withResolvers<void>()", "a.values().map(b)", "Array.fromAsync(a)"]
  ) {
    assertEquals(finds(rules.checkAge, "src/a.ts", text), 1);
  }
  for (const text of ["groupBy(a, b)", "// Map.groupBy(a, b)", "Array.from(a.values()).map(b)", "Promise.all(a)"]) {
    assertEquals(finds(rules.checkAge, "src/a.ts", text), 0);
  }
});

test("checkLength() counts neither blank lines nor comments", () => {
  const comments = "// a\n/*\n * b\n */\n\n";
  assertEquals(rules.countLines({ path: "src/a.ts", text: `${comments}f(); // c\n\`\n// d\n\`;\n` }), 4);
  assertEquals(finds(rules.checkLength, "src/a.ts", comments + "f();\n".repeat(300)), 0);
  assertEquals(finds(rules.checkLength, "src/a.ts", comments + "f();\n".repeat(301)), 1);
});

test("checkTargets() refuses a file that is not there", () => {
  const a = { path: "src/base/a.ts", text: importing("./b.ts") };
  assertEquals(rules.checkTargets([a, { path: "src/base/b.ts", text: "" }]), []);
  assertEquals(rules.checkTargets([a]), ["src/base/a.ts imports src/base/b.ts, which is not there"]);
});

const file = (path: string, ...imports: readonly string[]) => ({ path, text: imports.join("\n") });
const typing = (target: string) => `import type { X } from "${target}";`;

test("checkCycles() refuses a cycle of a folder that is there at run time", () => {
  const a = file("src/base/a.ts", importing("./b.ts"));
  const b = file("src/base/b.ts", importing("./c.ts"));
  assertEquals(rules.checkCycles([a, b, file("src/base/c.ts")]), []);
  const c = file("src/base/c.ts", `export { type X } from "./a.ts";`);
  assertEquals(rules.checkCycles([c, b, a]), [
    "src/base/a.ts -> src/base/b.ts -> src/base/c.ts -> src/base/a.ts is a cycle",
  ]);
  assertEquals(finds((it) => rules.checkCycles([it]), "src/base/a.ts", importing("./a.ts")), 1);
  const both = file("src/base/c.ts", typing("./a.ts"), importing("./a.ts"));
  assertEquals(rules.checkCycles([a, b, both]).length, 1);
});

const typeImports = [
  typing("./a.ts"),
  `import type A from "./a.ts";`,
  `import type * as a from "./a.ts";`,
  `export type * from "./a.ts";`,
  `export type {\n  X,\n} from "./a.ts";`,
];

for (const text of typeImports) {
  test(`checkCycles() lets ${JSON.stringify(text)} close a cycle within a folder`, () => {
    assertEquals(rules.checkCycles([file("src/base/a.ts", importing("./b.ts")), file("src/base/b.ts", text)]), []);
  });
}

test("checkCycles() refuses a cycle across folders, though all of it are types", () => {
  const a = file("src/engine/activation/a.ts", typing("../execution/b.ts"));
  const b = file("src/engine/execution/b.ts", typing("../activation/a.ts"));
  assertEquals(rules.checkCycles([a, b]), [
    "src/engine/activation/a.ts -> src/engine/execution/b.ts -> src/engine/activation/a.ts is a cycle",
  ]);
  const c = file("src/engine/execution/c.ts", typing("../activation/a.ts"));
  const cycle = rules.checkCycles([a, file("src/engine/execution/b.ts", typing("./c.ts")), c]);
  assertEquals(cycle, [
    "src/engine/activation/a.ts -> src/engine/execution/b.ts -> src/engine/execution/c.ts -> src/engine/activation/a.ts is a cycle",
  ]);
});
