import { spawn } from "node:child_process";
import { createReadStream, readFileSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { MOST_WAIT_MS, TimeLimit } from "./time_limit.ts";

// Runs the command line as a process of its own, and measures it.

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const FLAGS = "Deno" in globalThis ? ["run", "-A", "--no-check", "--import-map", "offline.json"] : [];
/** How often it is looked how much memory the process has, and whether it is to be killed. */
const LOOK_MS = 50;

/** What a command has needed. */
export interface CommandMeasure {
  /** The most memory that it had, in bytes; 0 where the system does not tell. */
  readonly peak: number;
  /** How long it ran. */
  readonly seconds: number;
  /** Whether it was killed. */
  readonly wasKilled: boolean;
}

/** What is done with the process beside. */
export interface CommandSetup {
  /** The path of the file that it gets as its standard input. */
  readonly input?: string;
  /** Once this is true, the process is killed by SIGKILL. It is told how many bytes of the input were handed on. */
  readonly killsWhen?: (handedOn: number) => boolean;
  /** How long it may run, in milliseconds. @default {MOST_WAIT_MS} */
  readonly limitMs?: number;
}

/**
 * Runs a command.
 *
 * @throws {Error} when the command fails, with what it has printed
 */
export function measureCommand(args: readonly string[], setup: CommandSetup = {}): Promise<CommandMeasure> {
  const { input, killsWhen = () => false, limitMs = MOST_WAIT_MS } = setup;
  const start = performance.now();
  const child = spawn(process.execPath, [...FLAGS, "src/cli/main.ts", ...args], { cwd: ROOT });
  let [peak, errors, handedOn] = [0, "", 0];
  const limit = new TimeLimit(limitMs, () => {
    child.kill("SIGKILL");
    return ` of the command ${args[0]}, which has printed ${JSON.stringify(errors)}`;
  });
  const ended = new Promise<CommandMeasure>((resolve, reject) => {
    const look = setInterval(() => {
      peak = Math.max(peak, peakOf(child.pid));
      if (killsWhen(handedOn)) child.kill("SIGKILL");
    }, LOOK_MS);
    child.stderr.setEncoding("utf8").on("data", (text: string) => void (errors += text));
    child.stdout.resume();
    child.stdin.on("error", () => {}); // Nobody reads on when the process is killed.
    if (input === undefined) child.stdin.end();
    else createReadStream(input).on("data", (part) => void (handedOn += part.length)).pipe(child.stdin);
    child.on("error", reject);
    child.on("close", (exit, signal) => {
      clearInterval(look);
      const wasKilled = signal === "SIGKILL";
      if (exit !== 0 && !wasKilled) return reject(new Error(`${args[0]} ended with ${exit ?? signal}: ${errors}`));
      resolve({ peak, seconds: (performance.now() - start) / 1_000, wasKilled });
    });
  });
  return limit.waitFor("the end", ended).finally(() => limit.end());
}

function peakOf(pid: number | undefined): number {
  try {
    const [, kilobytes] = /^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
    return Number(kilobytes ?? 0) * 1_024;
  } catch {
    return 0; // The process has ended, or the system is another one.
  }
}
