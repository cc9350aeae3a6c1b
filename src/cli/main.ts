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
export type { CommandHost, CommandOutput } from "./host.ts";
export { run } from "./run.ts";

if (import.meta.main) await import("./program.ts");
