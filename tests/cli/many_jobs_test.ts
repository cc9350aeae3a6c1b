import { spawn } from "node:child_process";
import { createReadStream, readFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { createHash } from "node:crypto";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { assertEquals, assertLess } from "@std/assert";
import type { ExportedJob } from "../../src/cli/exported_job.ts";
import { IS_LONG } from "../support/gate_amount.ts";
import { inOwnFolder, NOW } from "./run_command.ts";

// Export and import need as much memory for many jobs as for few: with `LONG=1`, for 100,000. `deno task prove --long` does that.

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const FLAGS = "Deno" in globalThis ? ["run", "-A", "--no-check", "--import-map", "offline.json"] : [];
/** How much more memory the larger number may need, in bytes: caches of SQLite, garbage that is not collected yet. */
const MOST_GROWTH = 100 * 2 ** 20;

/** Runs a command as a process, and returns the most memory that it had, in bytes; 0 where the system does not tell. */
function peakOf(...args: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...FLAGS, "src/cli/main.ts", ...args], { cwd: ROOT });
    let [peak, errors] = [0, ""];
    const look = setInterval(() => {
      try {
        const [, kilobytes] = /^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${child.pid}/status`, "utf8")) ?? [];
        peak = Math.max(peak, Number(kilobytes ?? 0) * 1_024);
      } catch {
        // The process has ended, or the system is another one.
      }
    }, 50);
    child.stderr.setEncoding("utf8").on("data", (text: string) => void (errors += text));
    child.stdout.resume();
    child.on("error", reject);
    child.on("close", (exit) => {
      clearInterval(look);
      if (exit === 0) resolve(peak);
      else reject(new Error(`${args[0]} ended with ${exit}: ${errors}`));
    });
  });
}

/** Writes so many jobs as an export: each with a journal of ten entries, and about 4 KB. */
async function writeJobs(path: string, count: number): Promise<void> {
  const file = await open(path, "w");
  const entries = Array.from({ length: 10 }, (_, n) => JSON.stringify({ at: n, data: "x".repeat(150) }));
  for (let n = 0; n < count; n++) {
    const job: ExportedJob = {
      format: "routilux/stored-job",
      version: 1,
      jobId: `job ${String(n).padStart(7, "0")}`,
      labels: {
        ...{ createdAt: NOW + n, flowId: "flow", flowHash: "hash", queue: "default", priority: 1, tags: {} },
        parentId: undefined,
      },
      head: { status: "running", dueAt: NOW, endedAt: undefined },
      flow: "the same flow",
      snapshot: JSON.stringify({ n, data: "x".repeat(2_000) }),
      entries,
      commands: [],
    };
    await file.write(`${JSON.stringify(job)}\n`);
  }
  await file.close();
}

function hashOf(path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const hash = createHash("sha256");
    createReadStream(path).on("data", (part) => void hash.update(part)).on("error", reject).on(
      "end",
      () => resolve(hash.digest("hex")),
    );
  });
}

/** Brings so many jobs into a database and out again, and returns the peaks of both. */
function moveJobs(count: number): Promise<{ readonly imported: number; readonly exported: number }> {
  let peaks = { imported: 0, exported: 0 };
  return inOwnFolder(async (file) => {
    await writeJobs(file("jobs.jsonl"), count);
    const store = ["--store", `sqlite:${file("jobs.db")}`];
    const imported = await peakOf("import", file("jobs.jsonl"), ...store);
    const exported = await peakOf("export", file("again.jsonl"), ...store);
    assertEquals(await hashOf(file("again.jsonl")), await hashOf(file("jobs.jsonl")));
    peaks = { imported, exported };
  }).then(() => peaks);
}

test("export and import need no more memory for many jobs than for few", { timeout: 3_600_000 }, async () => {
  // With a few hundred, memory is never short: garbage is not collected, and there is nothing to compare with.
  const few = await moveJobs(IS_LONG ? 10_000 : 300);
  if (!IS_LONG) return;
  const many = await moveJobs(100_000);
  for (const [name, peaks] of Object.entries({ few, many })) {
    const [imported, exported] = [peaks.imported, peaks.exported].map((bytes) => `${Math.round(bytes / 2 ** 20)} MB`);
    process.stdout.write(`${name}: import ${imported}, export ${exported}\n`);
  }
  assertLess(many.imported, few.imported + MOST_GROWTH);
  assertLess(many.exported, few.exported + MOST_GROWTH);
});
