import { createHash } from "node:crypto";
import { createReadStream, existsSync, statSync } from "node:fs";
import { open } from "node:fs/promises";
import type { ExportedJob } from "../../src/cli/exported_job.ts";
import { type CommandMeasure, measureCommand } from "./measured_command.ts";
import { MOST_WAIT_MS } from "./time_limit.ts";

// Brings jobs from one store to the next by the commands of users, and compares what comes out.

const NOON = Date.UTC(2026, 0, 1, 12);
/** How many bytes of lines are written at once. */
const PART = 2 ** 20;
/** The fewest bytes that a command brings over in a millisecond: so the time that it may take grows with the file. */
const LEAST_BYTES = 100;
const ENTRIES = Array.from({ length: 5 }, (_, at) => JSON.stringify({ at, data: "x".repeat(100) }));

/** What the commands have needed to bring jobs into a store, and out again. */
export interface TransferMeasure {
  readonly imported: CommandMeasure;
  readonly exported: CommandMeasure;
}

/** Writes so many jobs as an export. Each tenth has a journal, and one in a hundred a command that waits. */
export async function writeJobs(path: string, count: number): Promise<void> {
  const file = await open(path, "w");
  let text = "";
  for (let n = 0; n < count; n++) {
    text += `${JSON.stringify(sampleJob(n))}\n`;
    if (text.length < PART && n < count - 1) continue;
    await file.write(text);
    text = "";
  }
  await file.close();
}

function sampleJob(n: number): ExportedJob {
  return {
    format: "routilux/stored-job",
    version: 1,
    jobId: `job ${String(n).padStart(7, "0")}`,
    labels: {
      ...{ createdAt: NOON + n, flowId: "flow", flowHash: "hash", queue: "default", priority: 1, tags: {} },
      parentId: undefined,
    },
    head: { status: "running", dueAt: NOON, endedAt: undefined },
    flow: "the same flow",
    snapshot: JSON.stringify({ n, data: "x".repeat(500) }),
    entries: n % 10 === 0 ? ENTRIES : [],
    commands: n % 100 === 0 ? [{ key: "k", text: "{}" }] : [],
  };
}

/**
 * Brings the jobs of a file into a store and out into another file, and checks that it has the same bytes.
 *
 * @param breaksOff whether both commands are killed when half is done, and run again then
 */
export async function transferJobs(
  store: string,
  from: string,
  to: string,
  breaksOff: boolean,
): Promise<TransferMeasure> {
  const { size } = statSync(from);
  const half = breaksOff ? size / 2 : Infinity;
  const limitMs = MOST_WAIT_MS + size / LEAST_BYTES;
  const into = ["import", "--store", store];
  const imported = await runAgain(
    await measureCommand([...into, "-"], { input: from, killsWhen: (handedOn) => handedOn > half, limitMs }),
    [...into, from],
    limitMs,
  );
  const out = ["export", to, "--store", store];
  const exported = await runAgain(
    await measureCommand(out, { killsWhen: () => existsSync(to) && statSync(to).size > half, limitMs }),
    [...out, "--resume"],
    limitMs,
  );
  if (await hashOf(to) !== await hashOf(from)) throw new Error(`${to} has other bytes than ${from}`);
  return { imported, exported };
}

/** Runs the command that goes on where a killed one was, and adds both up. */
async function runAgain(first: CommandMeasure, args: readonly string[], limitMs: number): Promise<CommandMeasure> {
  if (!first.wasKilled) return first;
  const { peak, seconds } = await measureCommand(args, { limitMs });
  return { peak: Math.max(first.peak, peak), seconds: first.seconds + seconds, wasKilled: true };
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
