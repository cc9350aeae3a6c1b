import { spawn } from "node:child_process";
import { once } from "node:events";
import process, { execPath } from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

// Runs host B and host A as two processes that are connected only by TCP.

const hostB = runHost("host_b.ts");
const endOfB = once(hostB, "close");
let endOfA: Promise<unknown[]> | undefined;
for await (const line of createInterface({ input: hostB.stdout })) {
  const port = /listening on port (\d+)$/.exec(line)?.[1];
  if (port === undefined) {
    await endOfA; // so that the outputs of both have a fixed order
    console.log(line);
    continue;
  }
  const hostA = runHost("host_a.ts", port);
  endOfA = once(hostA, "close");
  hostA.stdout.on("data", (text) => process.stdout.write(text));
}
for (const [host, end] of Object.entries({ A: endOfA, B: endOfB })) {
  const code = (await end)?.[0];
  if (code !== 0) throw new Error(`Host ${host} has ended with code ${code}`);
}

/** Runs a script with the runtime that runs this one. */
function runHost(script: string, ...args: string[]) {
  const path = fileURLToPath(new URL(script, import.meta.url));
  return spawn(execPath, [path, ...args], { stdio: ["ignore", "pipe", "inherit"] });
}
