import type { Tally } from "./report.ts";
import { runLimited } from "./run_limited.ts";
import { makeWorker } from "./worker.ts";

const NEWEST = "2026-10-23";
const BROKEN: Tally = { passed: 0, failed: 1, skipped: 0 };
// Most of the time goes into waiting: there the next macrotask comes after a millisecond at the earliest.
const PARTS = 4;

/** Runs the tests of the files in parts, side by side; what fails is printed when its part is done. */
export async function testInWorkerd(workerd: string, files: readonly string[]): Promise<Tally> {
  const imports = files.map((file) => `import ${JSON.stringify(file)};\n`).join("");
  await using worker = await makeWorker(`${imports}export { default } from "node:test";\n`, NEWEST);
  const parts = await Promise.all(Array.from({ length: PARTS }, (_, part) => run(workerd, worker.config, part)));
  const sum = (key: keyof Tally) => parts.reduce((count, part) => count + part[key], 0);
  return { passed: sum("passed"), failed: sum("failed"), skipped: sum("skipped") };
}

async function run(workerd: string, config: string, part: number): Promise<Tally> {
  const { success, stdout, stderr } = await runLimited(workerd, ["test", "--no-verbose", config], {
    env: { PART: String(part), PARTS: String(PARTS) },
  });
  if (!success) console.error(stderr);
  const lastLine = stdout.trimEnd().split("\n").at(-1) ?? "";
  const tally: Tally = lastLine.startsWith("{") ? JSON.parse(lastLine) : BROKEN;
  return success || tally.failed > 0 ? tally : BROKEN;
}
