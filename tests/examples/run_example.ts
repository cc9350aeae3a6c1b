import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

/** Options of `runExample`. */
export interface RunOptions {
  /** The working directory. */
  readonly folder: string;
  /** The arguments. */
  readonly args?: readonly string[];
  /** Additional environment variables. */
  readonly env?: Readonly<Record<string, string>>;
  /** Sends SIGINT when this text appears on the standard error output. */
  readonly interruptAt?: string;
}

/** The result of an example. */
export interface Ended {
  /** The exit code; `null` when a signal has ended it. */
  readonly code: number | null;
  /** The standard output. */
  readonly stdout: string;
  /** The standard error output. */
  readonly stderr: string;
}

/** Runs a script below `examples` as a process of the runtime that runs the test. */
export async function runExample(script: string, options: RunOptions): Promise<Ended> {
  const { folder, args = [], env, interruptAt } = options;
  const path = fileURLToPath(new URL(`../../examples/${script}`, import.meta.url));
  const child = spawn(process.execPath, [path, ...args], { cwd: folder, env: { ...process.env, ...env } });
  let [stdout, stderr, isInterrupted] = ["", "", false];
  child.stdout.setEncoding("utf8").on("data", (text: string) => void (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
    if (isInterrupted || interruptAt === undefined || !stderr.includes(interruptAt)) return;
    isInterrupted = true;
    // Not `child.kill`: in Deno that hides the exit code of a child that ends by itself.
    if (child.pid !== undefined) process.kill(child.pid, "SIGINT");
  });
  const [code] = await once(child, "close");
  return { code, stdout, stderr };
}

/** Makes a folder for one test, and removes it afterwards. */
export async function inFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "routilux-test-"));
  try {
    await run(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}
