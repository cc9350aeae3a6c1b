import { test } from "node:test";
import config from "../../deno.json" with { type: "json" };
import { assertEquals, assertMatch } from "@std/assert";
import { COMMANDS } from "../../src/cli/commands.ts";
import { HOSTILE_TEXTS } from "../support/hostile_texts.ts";
import { runCommand } from "./run_command.ts";

/** An error is one line, and no stack trace. */
function assertOneLine(errors: string): void {
  assertMatch(errors, /^error: \P{Cc}+\n$/u);
  assertEquals(/\n\s+at /.test(errors), false, errors);
}

for (const { args, name, options } of COMMANDS) {
  const words = name.split(" ");

  test(`routilux ${name} --help names its arguments and options`, async () => {
    const { errors, exit, output } = await runCommand([...words, "--help"]);
    assertEquals([exit, errors], [0, ""]);
    assertEquals(output.split("\n")[0], ["routilux", name, ...args].join(" "));
    for (const option of [...Object.keys(options), "json", "help"]) {
      assertMatch(output, new RegExp(`^  (-\\w, )?--${option}\\b`, "m"));
    }
    assertEquals(output.split("\n").filter((line) => line.length > 80), []);
  });

  test(`routilux ${name} refuses an unknown option and too many arguments, in one line`, async () => {
    const given = args.map(() => "1");
    for (const more of [["--nothing-like-it"], ["one", "two"]]) {
      const { errors, exit, output } = await runCommand([...words, ...given, ...more]);
      assertEquals([exit, output], [2, ""]);
      assertOneLine(errors);
      assertMatch(errors, new RegExp(`routilux ${name}: .*; see routilux ${name} --help`));
    }
  });

  const required = args.filter((it) => !it.startsWith("["));
  if (required.length > 0) {
    test(`routilux ${name} names the argument that is missing`, async () => {
      const { errors, exit } = await runCommand([...words, ...required.slice(1).map(() => "1")]);
      assertEquals(exit, 2);
      assertMatch(errors, new RegExp(`routilux ${name}: ${required.at(-1)} is missing`));
    });
  }
}

test("routilux alone shows all commands and the exit codes, and is a wrong usage", async () => {
  const [alone, help] = [await runCommand([]), await runCommand(["--help"])];
  assertEquals([alone.exit, help.exit, alone.output], [2, 0, help.output]);
  for (const { about, name } of COMMANDS) {
    assertMatch(help.output, new RegExp(`^  ${name}\\b[^:]*${about.slice(0, 20)}`, "m"));
  }
  assertEquals(help.output.split("\n").filter((line) => line.length > 80), []);
  assertMatch(help.output, /Exit codes: 0 done; 1 /);
});

test("an unknown command is refused with the known ones, in one line, whatever it is", async () => {
  for (const text of HOSTILE_TEXTS) {
    const { errors, exit } = await runCommand([text]);
    assertEquals(exit, 2);
    assertOneLine(errors);
    assertMatch(errors, /the commands are inspect, check/);
  }
  assertMatch((await runCommand(["jobs", "lst"])).errors, /no command "jobs lst"; the commands are jobs list, /);
});

test("a file whose name the system does not take is refused in one line, with what the system says", async () => {
  const { errors, exit } = await runCommand(["inspect", "a\0b"]);
  assertEquals(exit, 3);
  assertOneLine(errors);
  assertMatch(errors, /the file cannot be read: .*null bytes/i);
});

test("with --json an error is JSON, with its exit code", async () => {
  const { errors, exit } = await runCommand(["inspect", "no such file", "--json"]);
  const { error } = JSON.parse(errors);
  assertEquals([exit, error.exit], [3, 3]);
  assertMatch(error.message, /^no such file: the file cannot be read: /);
});

test("--version prints the version of the package", async () => {
  assertEquals(await runCommand(["--version"]), { exit: 0, output: `${config.version}\n`, errors: "" });
});
