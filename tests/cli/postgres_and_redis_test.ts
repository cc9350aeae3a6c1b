import { test } from "node:test";
import { assertEquals, assertMatch } from "@std/assert";
import { addressOf, missing } from "../support/services.ts";
import { inOwnFolder, runCommand } from "./run_command.ts";
import { makeStore } from "./sample_store.ts";

for (const name of ["postgres", "redis"] as const) {
  const address = addressOf(name) ?? "";

  test(`two commands bring jobs from SQLite to ${name}, and back`, {
    skip: address === "" ? missing(name) : false,
    timeout: 60_000,
  }, () =>
    inOwnFolder(async (file) => {
      const jobId = `${name} ${Math.random()}`;
      await makeStore(file("jobs.db"), async ({ start }) => void await start(jobId, {}, { tags: { of: jobId } }));
      const lines = (await runCommand(["export", "--store", `sqlite:${file("jobs.db")}`])).output;
      const imported = await runCommand(["import", "--store", address], { input: lines });
      assertEquals([imported.exit, imported.output], [0, "standard input: 1 job is stored\n"]);
      const listed = await runCommand(["jobs", "list", "--tag", `of=${jobId}`, "--json", "--store", address]);
      assertEquals(JSON.parse(listed.output).jobs.length, 1);
      const exported = await runCommand(["export", "--store", address]);
      assertEquals(exported.output.split("\n").find((line) => line.includes(jobId)), lines.trimEnd());
      assertEquals((await runCommand(["jobs", "delete", jobId, "--store", address])).exit, 0);
    }));

  test(
    `a ${name} server that is not there is told in one line, without the password`,
    { timeout: 60_000 },
    async () => {
      const { errors, exit } = await runCommand(["count", "--store", `${name}://me:secret@127.0.0.1:1/0`]);
      assertEquals(exit, 4);
      assertMatch(errors, /^error: [^\n]+\n$/);
      assertMatch(
        errors,
        new RegExp(`${name}://127\\.0\\.0\\.1:1/0: the store cannot be opened: |cannot be loaded; install the package`),
      );
      assertEquals(errors.includes("secret"), false);
    },
  );
}
