import { readFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { withProcess } from "../support/started_process.ts";
import { inFolder, pathOf, runExample } from "./run_example.ts";

test(
  "socket_transfer carries a job from host A to host B over TCP; each handler has run once",
  { timeout: 120_000 },
  () =>
    inFolder(async (folder) => {
      const env = { HOST: "A or B", RUNS_FILE: join(folder, "runs.txt") };
      const { code, stdout, stderr } = await runExample("socket_transfer/main.ts", { folder, env });
      assertEquals([code, stdout, stderr], [
        0,
        "Host A: host B has accepted the job\nHost B: completed, 4 records\n",
        "",
      ]);
      assertEquals(
        await readFile(env.RUNS_FILE, "utf8"),
        "source.trigger on host A or B\nprocessor.input on host A or B\n",
      );
    }),
);

test(
  "socket_transfer: host B gives the reason why it refuses an invalid job",
  { timeout: 120_000 },
  () =>
    withProcess({ args: [pathOf("socket_transfer/host_b.ts")] }, async (hostB) => {
      const port = (await hostB.line("the port")).replace("Host B: listening on port ", "");
      const socket = connect(Number(port), "127.0.0.1");
      socket.end('{"flow": {}, "jobState": {}}');
      const expected = 'refused: Cannot read routilux/flow: format: expected "routilux/flow", got nothing';
      assertEquals(await hostB.waitFor("the reason", text(socket)), expected);
      assertEquals((await hostB.ended()).code, 1);
    }),
);
