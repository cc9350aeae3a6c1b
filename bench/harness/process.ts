import { existsSync } from "node:fs";
import type { Runtime } from "../../scripts/runtimes.ts";
import type { RuntimeName } from "./catalog.ts";
import type { Figures } from "./program.ts";

/** A runtime that can run programs. */
export interface BenchRuntime extends Runtime {
  readonly name: RuntimeName;
}

/** The folder of the programs. */
export const BENCH: URL = new URL("../", import.meta.url);

/** Whether the peers are installed. */
export const hasPeers: boolean = existsSync(new URL("peers/node_modules", BENCH));

const PATIENCE_MS = 900_000;
// These folders have their own modules, and are not in the workspace.
const APART = /^(peers|dist)\//;

/** Runs a program as a process, and returns the figures of the requested variants. */
export async function measure(
  { name, command }: BenchRuntime,
  program: string,
  variants: readonly string[],
  flags: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<Figures[]> {
  const options = APART.test(program) ? ["--no-config", "--node-modules-dir=manual"] : [];
  const own = name === "Deno" ? ["run", "-A", "--quiet", ...options, ...flags] : flags;
  const start = performance.now();
  const { success, stdout, stderr } = await new Deno.Command(command, {
    args: [...own, program, ...variants],
    cwd: BENCH,
    env,
    signal: AbortSignal.timeout(PATIENCE_MS),
  }).output();
  const processMs = performance.now() - start;
  const lines = new TextDecoder().decode(stdout).trim().split("\n");
  if (!success || lines.length !== variants.length) {
    throw new Error(`${program} ${variants.join(" ")} has failed in ${name}:\n${new TextDecoder().decode(stderr)}`);
  }
  return lines.map((line) => ({ ...JSON.parse(line), processMs }));
}
