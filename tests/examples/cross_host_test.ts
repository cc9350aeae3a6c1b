import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { inFolder, runExample } from "./run_example.ts";

/** The test starts processes, which may take longer than Bun's default timeout of five seconds. */
const LONG = { timeout: 120_000 };
const HOST_A = "✅ Host A: Flow and JobState serialized and ready for transfer\n";
const HOST_B = `✅ Host B: Execution resumed and completed
   Final status: completed
   Execution history: 4 records
`;

test(
  "C373 the cross-host example prints what the seed promises; each handler has run once",
  LONG,
  () =>
    inFolder(async (folder) => {
      const { code, stdout } = await runExample("cross_host/main.ts", { folder, env: { TMPDIR: folder } });
      const runs = "Each handler has run once: source.trigger on host A, processor.input on host B\n";
      assertEquals(stdout, `${HOST_A}${HOST_B}${runs}`);
      assertEquals(code, 0);
      assertEquals(await readdir(folder), []);
    }),
);

test(
  "C373 host A leaves a paused job whose only task is the processor's; host B needs nothing but that file",
  LONG,
  () =>
    inFolder(async (folder) => {
      const env = { RUNS_FILE: join(folder, "runs.txt") };
      const a = await runExample("cross_host/host_a.ts", { folder, env: { ...env, HOST: "A" } });
      assertEquals([a.code, a.stdout], [0, HOST_A]);
      const { flow, jobState } = JSON.parse(await readFile(join(folder, "transfer.json"), "utf8"));
      assertEquals([flow.id, jobState.flowId, jobState.status], ["cross_host_flow", "cross_host_flow", "paused"]);
      assertEquals(jobState.pendingTasks.length, 1);
      const { routine, slot, data } = jobState.pendingTasks[0];
      assertEquals({ routine, slot, data }, { routine: "processor", slot: "input", data: { data: "initial_data" } });

      const b = await runExample("cross_host/host_b.ts", { folder, env: { ...env, HOST: "B" } });
      assertEquals([b.code, b.stdout], [0, HOST_B]);
      assertEquals(await readFile(env.RUNS_FILE, "utf8"), "source.trigger on host A\nprocessor.input on host B\n");
    }),
);
