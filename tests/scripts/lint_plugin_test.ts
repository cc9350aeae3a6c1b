import { test } from "node:test";
import { assertEquals } from "@std/assert";
import plugin from "../../scripts/lint_plugin.ts";

const options = { skip: typeof Deno === "undefined" ? "only Deno lints" : false };

/** What the plugin says of a source: its rules, each with what it found. */
function findings(source: string, file = "src/engine/some.ts"): string[] {
  return Deno.lint.runPlugin(plugin, `/project/${file}`, source).map(({ id, message }) =>
    `${id.replace("pure-floors/", "")}: ${message.replace(" in a pure floor", "")}`
  );
}

/** Each of these sources has exactly this finding. */
function assertEach(sources: Readonly<Record<string, string>>): void {
  for (const [source, finding] of Object.entries(sources)) assertEquals(findings(source), [finding], source);
}

test("names of a runtime are refused, wherever a value is meant", options, () => {
  assertEach({
    "Deno.cwd();": "no-runtime: Deno",
    "const v = Bun.version;": "no-runtime: Bun",
    "process.env.X;": "no-runtime: process",
    "f(globalThis);": "no-runtime: globalThis",
    "const f = fetch;": "no-runtime: fetch",
    "const all = { Deno };": "no-runtime: Deno",
    "const all = { a: process };": "no-runtime: process",
    "a[process];": "no-runtime: process",
    "const a = { [process]: 1 };": "no-runtime: process",
    "type T = typeof process;": "no-runtime: process",
    'require("fs");': "no-runtime: require",
    "export { Deno as x };": "no-runtime: Deno",
  });
});

test("modules of a runtime are refused, by import, export and import()", options, () => {
  assertEach({
    'import { readFile } from "node:fs";': 'no-runtime: The module "node:fs"',
    'import "bun:sqlite";': 'no-runtime: The module "bun:sqlite"',
    'import { serve } from "bun";': 'no-runtime: The module "bun"',
    'import x from "cloudflare:workers";': 'no-runtime: The module "cloudflare:workers"',
    'import x from "https://a.example/x.ts";': 'no-runtime: The module "https://a.example/x.ts"',
    'import type { A } from "node:stream";': 'no-runtime: The module "node:stream"',
    'export { a } from "node:fs";': 'no-runtime: The module "node:fs"',
    'export * from "node:fs";': 'no-runtime: The module "node:fs"',
    'await import("node:fs");': 'no-runtime: The module "node:fs"',
  });
  assertEquals(findings('import * as v from "valibot"; import { a } from "../base/a.ts"; export const b = 1;'), []);
});

test("the clock is refused, a given instant is not", options, () => {
  assertEach({
    "Date.now();": "no-clock: Date.now",
    "const now = Date.now;": "no-clock: Date.now",
    'Date["now"]();': "no-clock: Date.now",
    "new Date();": "no-clock: new Date()",
    "new Date;": "no-clock: new Date()",
    "Date();": "no-clock: Date()",
    "performance.now();": "no-clock: performance",
  });
  assertEquals(findings("new Date(5); Date.parse(text); Date.UTC(2000); a.now(); it instanceof Date;"), []);
});

test("chance is refused, other arithmetic is not", options, () => {
  assertEach({
    "Math.random();": "no-chance: Math.random",
    'Math["random"]();': "no-chance: Math.random",
    "crypto.randomUUID();": "no-chance: crypto",
  });
  assertEquals(findings("Math.max(1, 2); random(); it.random();"), []);
});

test("timers and printing are refused", options, () => {
  assertEach({
    "setTimeout(f, 5);": "no-timers: setTimeout",
    "const t = setInterval;": "no-timers: setInterval",
    "setImmediate(f);": "no-timers: setImmediate",
    "clearTimeout(t);": "no-timers: clearTimeout",
    "queueMicrotask(f);": "no-timers: queueMicrotask",
    'console.log("a");': "no-console: console",
  });
});

test("names that only label something are not meant", options, () => {
  const source = `
    class A { process(): void {} console = 1; static fetch = 2; get performance(): number { return 1; } }
    interface B { process: string; fetch(): void; readonly crypto?: number }
    const c = { process: 1, setTimeout() {}, "Deno": 2 };
    it.process(); it.console.x; it?.fetch; this.setTimeout;
    type D = Some.process;
    import { process as work } from "./work.ts";
    export { work as fetch };
    // Deno, process, Date.now()
    const text = "Deno " + \`console\`;
  `;
  assertEquals(findings(source), []);
});

test("every pure floor is watched, on every system, and no other folder", options, () => {
  const floors = ["base", "values", "model", "ports", "job", "documents", "engine"];
  const found = (file: string) => findings("Deno;", file).length;
  assertEquals(floors.map((floor) => found(`src/${floor}/x.ts`)), floors.map(() => 1));
  assertEquals(found("src\\engine\\x.ts"), 1);
  const others = [
    "src/stores/x.ts",
    "src/testing/x.ts",
    "src/engine.ts",
    "mod.ts",
    "tests/engine/x.ts",
    "scripts/x.ts",
  ];
  assertEquals(others.map(found), others.map(() => 0));
});

test("a finding says what to do instead", options, () => {
  const hints = ["Deno;", "Date.now();", "Math.random();", "setTimeout(f);", "console.log();"].map((source) =>
    Deno.lint.runPlugin(plugin, "/project/src/base/x.ts", source)[0]?.hint
  );
  assertEquals(hints, [
    "A pure floor runs in every runtime: put this into an adapter, behind a port",
    "A pure floor has no clock: take the instant as an argument, or ask the port `Timers`",
    "A pure floor knows no chance: ask the port `IdSource`",
    "A pure floor sets no timers: ask the port `Timers`",
    "The library never prints: throw an error, or tell the observer",
  ]);
});
