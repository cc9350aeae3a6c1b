import { spawn } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { endWithProcess } from "./end_with_process.ts";

// A process that has started a server, which writes to the same output: who reads that to its end waits for both. With the argument `ends` it
// ends by itself, otherwise it must be killed.

const folder = mkdtempSync(join(tmpdir(), "routilux-serving-"));
const server = spawn("sleep", ["40"], { detached: true, stdio: ["ignore", 1, "ignore"] });
server.unref();
const pidFile = join(folder, "pid");
writeFileSync(pidFile, `${server.pid}\n`);
endWithProcess({ folder, pidFile, signal: "TERM" });
process.stdout.write(`${folder}\n`);
if (process.argv[2] !== "ends") setInterval(() => {}, 60_000);
