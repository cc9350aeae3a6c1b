import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** A runtime that is there. */
export interface Runtime {
  readonly name: "Deno" | "Bun" | "Node" | "workerd";
  readonly version: string;
  /** The program's path. */
  readonly command: string;
}

/** The runtimes that are there, and for each of the others why it is not. */
export interface Runtimes {
  readonly found: readonly Runtime[];
  readonly missing: readonly string[];
}

const NODE = ["-y", "-p", "node@24", "node", "-p", "process.execPath"];

/** Looks for the four runtimes. The others need what `npm ci` installs: themselves, valibot, the stand-in. */
export async function findRuntimes(): Promise<Runtimes> {
  const deno: Runtime = { name: "Deno", version: Deno.version.deno, command: Deno.execPath() };
  const node = existsSync(installed("../valibot")) ? await outputOf("npx", NODE) : undefined;
  const others = [
    await probe("Bun", installed("bun"), "`npm ci` installs it"),
    await probe("Node", node, "`npm ci` installs what it needs, `npx` fetches it"),
    await probe("workerd", installed("workerd"), "`npm ci` installs it"),
  ];
  return {
    found: [deno, ...others.filter((it) => typeof it === "object")],
    missing: others.filter((it) => typeof it === "string"),
  };
}

async function probe(name: Runtime["name"], command: string | undefined, remedy: string): Promise<Runtime | string> {
  const version = command && await outputOf(command, ["--version"]);
  return command && version
    ? { name, version: /\d[\w.-]*/.exec(version)?.[0] ?? version, command }
    : `${name}: skipped, it is not there; ${remedy}`;
}

function installed(name: string): string {
  return fileURLToPath(new URL(`../node_modules/.bin/${name}`, import.meta.url));
}

async function outputOf(command: string, args: readonly string[]): Promise<string | undefined> {
  try {
    const { success, stdout } = await new Deno.Command(command, { args: [...args], stderr: "null" }).output();
    return success ? new TextDecoder().decode(stdout).trim() : undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
