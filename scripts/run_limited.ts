import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { join } from "node:path";

/** How a command ended, and what it printed. */
export interface CommandResult {
  readonly success: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

/** How a command is run. */
export interface CommandOptions {
  /** How long it may take: then it is interrupted, and killed if that does not end it. By default ten minutes. */
  readonly limitMs?: number;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

const LIMIT_MS = 600_000;
/** How long a command may take to say what it was at, once it is interrupted. */
const GRACE_MS = 10_000;

/**
 * Runs a command until it ends or its time is over. It prints into files: a process that it leaves behind keeps a pipe open, and whoever
 * reads that pipe to its end would wait for that process.
 */
export async function runLimited(
  command: string,
  args: readonly string[],
  { limitMs = LIMIT_MS, cwd, env }: CommandOptions = {},
): Promise<CommandResult> {
  const folder = await Deno.makeTempDir({ prefix: "routilux-run-" });
  const paths = ["stdout", "stderr"].map((name) => join(folder, name));
  const files = paths.map((path) => openSync(path, "w"));
  const child = spawn(command, args, {
    stdio: ["ignore", ...files],
    ...(cwd !== undefined && { cwd }),
    env: { ...Deno.env.toObject(), ...env },
  });
  for (const file of files) closeSync(file);
  let isOverdue = false;
  let killing: ReturnType<typeof setTimeout> | undefined;
  const limit = setTimeout(() => {
    isOverdue = true;
    child.kill("SIGINT");
    killing = setTimeout(() => child.kill("SIGKILL"), GRACE_MS);
  }, limitMs);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on("error", reject).on("exit", resolve);
  });
  clearTimeout(limit);
  clearTimeout(killing);
  const [stdout = "", stderr = ""] = await Promise.all(paths.map((path) => Deno.readTextFile(path)));
  await Deno.remove(folder, { recursive: true });
  const complaint = isOverdue ? `\nFAILED: it had not ended after ${limitMs / 1_000} s\n` : "";
  return { success: code === 0 && !isOverdue, stdout, stderr: stderr + complaint };
}
