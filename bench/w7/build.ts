import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { makePackage } from "../../scripts/package.ts";
import { BENCH, hasPeers } from "../harness/process.ts";

const FOLDER = new URL("dist/w7/", BENCH);

/** The peers, by the names of their programs. */
export const PEERS: readonly string[] = [
  "fastq",
  "p_queue",
  "xstate",
  "effect",
  "workflow_core",
  "langgraph",
  "eventemitter3",
];

let built: Promise<void> | undefined;

/**
 * Installs the library's npm package beside a copy of each program, and bundles each program with its imports into a
 * minified file.
 */
export function buildPrograms(): Promise<void> {
  return built ??= build();
}

async function build(): Promise<void> {
  await Deno.mkdir(FOLDER, { recursive: true });
  await Deno.remove(FOLDER, { recursive: true });
  await Deno.mkdir(FOLDER);
  // In a package of their own, or Node and Bun would take the name of the library for this checkout.
  await Deno.writeTextFile(new URL("package.json", FOLDER), JSON.stringify({ type: "module" }));
  await makePackage(fileURLToPath(new URL("node_modules/@routilux/routilux", FOLDER)));
  await Deno.copyFile(new URL("w7/routilux.ts", BENCH), new URL("routilux.ts", FOLDER));
  await bundle("w7/empty.ts", "bundles/empty.js", []);
  await bundle("w7/routilux.ts", "bundles/routilux.js", []);
  if (!hasPeers) return;
  for (const peer of PEERS) {
    await bundle(`peers/w7/${peer}.ts`, `bundles/peers/${peer}.js`, ["--no-config", "--node-modules-dir=manual"]);
  }
}

async function bundle(program: string, target: string, options: readonly string[]): Promise<void> {
  const path = fileURLToPath(new URL(target, FOLDER));
  await Deno.mkdir(dirname(path), { recursive: true });
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["bundle", "--quiet", "--minify", ...options, "--output", path, program],
    cwd: BENCH,
  }).output();
  if (!success) throw new Error(`Cannot bundle ${program}:\n${new TextDecoder().decode(stderr)}`);
}
