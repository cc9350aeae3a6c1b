import { fileURLToPath } from "node:url";
import { runProcess } from "./started_process.ts";

const path = (relative: string) => fileURLToPath(new URL(`../../${relative}`, import.meta.url));

/** Has Deno bundle a script of the repository, with all that it imports, for browsers and workers. */
export async function bundle(script: string, output: string, options: readonly string[] = []): Promise<void> {
  const fixed = ["--quiet", "--platform", "browser", "--import-map", path("offline.json"), "--output", output];
  const { code, stderr } = await runProcess({ args: ["bundle", ...fixed, ...options, path(script)] });
  if (code !== 0) throw new Error(`${script} cannot be bundled: ${stderr}`);
}
