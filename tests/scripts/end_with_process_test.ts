import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { withProcess } from "../support/started_process.ts";

const PROGRAM = fileURLToPath(new URL("../support/serving_process.ts", import.meta.url));
const args = (end: string) => [...("Deno" in globalThis ? ["run", "-A"] : []), PROGRAM, end];

for (const end of ["ends", "SIGKILL", "SIGTERM", "SIGINT"] as const) {
  test(`a server ends with the process that has started it: ${end}`, async () => {
    await withProcess({ args: args(end), limitMs: 20_000 }, async (started) => {
      await started.line("the folder of the server");
      if (end !== "ends") started.signal(end);
      const { code, signal } = await started.ended();
      assertEquals([code, signal], end === "ends" ? [0, null] : [null, end], "both have closed the output");
    });
  });
}
