import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { execPath } from "node:process";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { assertEquals } from "@std/assert";
import { inFolder, runExample } from "./run_example.ts";

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

test("socket_transfer: host B gives the reason why it refuses an invalid job", { timeout: 120_000 }, async () => {
  const path = fileURLToPath(new URL("../../examples/socket_transfer/host_b.ts", import.meta.url));
  const hostB = spawn(execPath, [path], { stdio: ["ignore", "pipe", "ignore"] });
  const closed = once(hostB, "close");
  for await (const line of createInterface({ input: hostB.stdout })) {
    const socket = connect(Number(line.replace("Host B: listening on port ", "")), "127.0.0.1");
    socket.end('{"flow": {}, "jobState": {}}');
    const expected = 'refused: Cannot read routilux/flow: format: expected "routilux/flow", got nothing';
    assertEquals(await text(socket), expected);
  }
  const [code] = await closed;
  assertEquals(code, 1);
});
