import { readFile, writeFile } from "node:fs/promises";
import { test } from "node:test";
import { assertEquals, assertGreater } from "@std/assert";
import { COMMANDS } from "../../src/cli/commands.ts";
import { inOwnFolder, runCommand } from "./run_command.ts";
import { sampleDocuments } from "./sample_documents.ts";
import { makeStore } from "./sample_store.ts";

const DOCS = new URL("../../docs/", import.meta.url);

/** The commands of a page's examples, each with what it is said to print. */
function examplesOf(page: string): { readonly command: string; readonly prints: string }[] {
  const blocks = Array.from(page.matchAll(/^```console\n(.*?)^```$/gms), ([, block = ""]) => block);
  return blocks.flatMap((block) => block.split(/^\$ /m).slice(1)).map((example) => {
    const [command = "", ...lines] = example.split("\n");
    return { command, prints: lines.join("\n").trimEnd() };
  });
}

/** The words of a command as a shell reads them, with the files in a folder. */
function wordsOf(command: string, path: (name: string) => string): string[] {
  const words = Array.from(command.matchAll(/'([^']*)'|\S+/g), ([word, quoted]) => quoted ?? word);
  return words.map((word) =>
    /^[\w-]+\.(?:json|jsonl|db|html|svg)$/.test(word)
      ? path(word)
      : word.replace(/^sqlite:(.*)/, (_, name) => `sqlite:${path(name)}`)
  );
}

for (const page of ["command_line.md", "diagrams.md"]) {
  test(`docs/${page}: the examples print what they say`, () =>
    inOwnFolder(async (path) => {
      const { after, before, flow } = await sampleDocuments();
      await writeFile(path("flow.json"), JSON.stringify(flow));
      await writeFile(path("before.json"), JSON.stringify({ flow, job: before }));
      await writeFile(path("order.json"), JSON.stringify({ flow, job: after }));
      await makeStore(path("jobs.db"), async ({ start }) => {
        await start("asks", {}, { queue: "slow" });
        await start("works", { asks: false });
      });
      const examples = examplesOf(await readFile(new URL(page, DOCS), "utf8"));
      assertGreater(examples.length, 0);
      const folder = path("-").slice(0, -1);
      for (const { command, prints } of examples) {
        let input = "";
        let printed = "";
        for (const part of command.split(" | ")) {
          const [program, ...args] = wordsOf(part, path);
          assertEquals(program, "routilux");
          const { errors, output } = await runCommand(args, { input });
          [input, printed] = [output, errors + output];
        }
        assertEquals(printed.trimEnd().replaceAll(folder, ""), prints, command);
      }
    }));
}

test("docs/command_line.md tells of every command and its options", async () => {
  const page = await readFile(new URL("command_line.md", DOCS), "utf8");
  for (const { args, name, options } of COMMANDS) {
    const usage = [name, ...args].join(" ");
    const row = page.split("\n").find((line) => line.startsWith(`| \`${usage.replaceAll("|", "\\|")}\``));
    assertEquals(row === undefined ? `${usage} is missing` : "", "");
    for (const option of Object.keys(options)) {
      if (!page.includes(`--${option}`)) assertEquals(option, `an option of ${name} that the page does not tell of`);
    }
  }
});
