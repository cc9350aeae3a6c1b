import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { env, execPath } from "node:process";
import { fileURLToPath } from "node:url";

// Runs host A and host B as two processes, one after the other, and checks which handlers each has run.

const EXPECTED_RUNS = ["source.trigger on host A", "processor.input on host B"];

const folder = await mkdtemp(join(tmpdir(), "routilux-"));
const transferFile = join(folder, "transfer.json");
const runsFile = join(folder, "runs.txt");
try {
  await runHost("A", "host_a.ts");
  await runHost("B", "host_b.ts");
  const runs = (await readFile(runsFile, "utf8")).trim().split("\n");
  if (runs.join() !== EXPECTED_RUNS.join()) throw new Error(`These handlers have run: ${runs.join(", ")}`);
  console.log(`Each handler has run once: ${runs.join(", ")}`);
} finally {
  await rm(folder, { recursive: true });
}

/** Runs a script with the runtime that runs this one. */
async function runHost(host: string, script: string): Promise<void> {
  const path = fileURLToPath(new URL(script, import.meta.url));
  const child = spawn(execPath, [path, transferFile], {
    env: { ...env, HOST: host, RUNS_FILE: runsFile },
    stdio: "inherit",
  });
  const [code] = await once(child, "exit");
  if (code !== 0) throw new Error(`Host ${host} has ended with code ${code}`);
}
