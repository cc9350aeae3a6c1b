import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { type EndedProcess, withProcess } from "../support/started_process.ts";

const INSTALLED_BUN = fileURLToPath(new URL("../../node_modules/.bin/bun", import.meta.url));

/** Bun, for examples that need it. */
export const BUN: string = "Bun" in globalThis ? process.execPath : INSTALLED_BUN;

/** Why there is no Bun here; false when there is one. */
export const NO_BUN: string | false = existsSync(BUN) ? false : "Bun is not installed: run npm ci";

/** Options of `runExample`. */
export interface RunOptions {
  /** The working directory. */
  readonly folder: string;
  /** The arguments. */
  readonly args?: readonly string[];
  /** Additional environment variables. */
  readonly env?: Readonly<Record<string, string>>;
  /** Sends SIGINT when it has printed this. */
  readonly interruptAt?: RegExp;
}

/** Runs a script below `examples` as a process of the runtime that runs the test. */
export function runExample(script: string, options: RunOptions): Promise<EndedProcess> {
  const { folder, args = [], env = {}, interruptAt } = options;
  return withProcess({ args: [pathOf(script), ...args], folder, env, input: "" }, async (example) => {
    if (interruptAt !== undefined && await example.says(interruptAt)) example.signal("SIGINT");
    return await example.ended();
  });
}

/** The path of a script below `examples`. */
export function pathOf(script: string): string {
  return fileURLToPath(new URL(`../../examples/${script}`, import.meta.url));
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
