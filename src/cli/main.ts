/**
 * The command line: looks into documents of flows and jobs, and into stores, and steers the jobs there.
 *
 * As a program: `deno run -A jsr:@routilux/routilux/cli --help`, `npx routilux --help` or `bunx routilux --help`. As a module it
 * exports the function that runs a command.
 *
 * @example
 * ```ts
 * import { run } from "@routilux/routilux/cli";
 *
 * typeof run; // "function"
 * ```
 *
 * @module
 */
import process from "node:process";
import { processHost } from "./host.ts";
import { run } from "./run.ts";

export type { CommandHost, CommandOutput } from "./host.ts";
export { run };

if (import.meta.main) process.exitCode = await run(process.argv.slice(2), processHost());
