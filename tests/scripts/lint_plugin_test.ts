import { test } from "node:test";
import { assertEquals } from "@std/assert";
import plugin from "../../scripts/lint_plugin.ts";

const options = { skip: typeof Deno === "undefined" ? "only Deno lints" : false };

/** The messages of the rule for a source. */
function findings(source: string, file = "src/engine/some.ts"): string[] {
  return Deno.lint.runPlugin(plugin, `/project/${file}`, source).map(({ message, hint }) => `${message}: ${hint}`);
}

for (
  const [source, finding] of Object.entries({
    "Date.now();": "Date.now is a hidden input: Ask the port `Timers`",
    "const now = Date.now;": "Date.now is a hidden input: Ask the port `Timers`",
    'Date["now"]();': "Date.now is a hidden input: Ask the port `Timers`",
    "new Date();": "new Date() is a hidden input: Ask the port `Timers`",
    "new Date;": "new Date() is a hidden input: Ask the port `Timers`",
    "Date();": "Date() is a hidden input: Ask the port `Timers`",
    "Math.random();": "Math.random is a hidden input: Ask the port `IdSource`",
    'Math["random"]();': "Math.random is a hidden input: Ask the port `IdSource`",
  })
) {
  test(`the lint rule refuses ${source}`, options, () => assertEquals(findings(source), [finding]));
}

test("the lint rule lets given instants and other arithmetic pass", options, () => {
  assertEquals(findings("new Date(5); Date.parse(text); Date.UTC(2000); a.now(); it instanceof Date;"), []);
  assertEquals(findings("Math.max(1, 2); random(); it.random(); // Date.now()"), []);
});

test("the lint rule applies to all of src but stores and host, on every system", options, () => {
  const found = (file: string) => findings("Date();", file).length;
  for (const file of ["src/base/x.ts", "src\\engine\\x.ts", "src/testing/x.ts", "src/engine.ts"]) {
    assertEquals(found(file), 1, file);
  }
  for (const file of ["src/stores/x.ts", "src/host/x.ts", "mod.ts", "tests/engine/x.ts", "scripts/x.ts"]) {
    assertEquals(found(file), 0, file);
  }
});
