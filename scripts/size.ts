import { gzipSync } from "node:zlib";
import config from "../deno.json" with { type: "json" };
import { finish } from "./report.ts";

// Prints what every export, and the smallest useful program, weighs as a user ships it: one file, minified, with valibot
// inside. Fails when one weighs much more than recorded in `sizes.json`; `--update` records what they weigh now.

interface Size {
  readonly minified: number;
  readonly gzipped: number;
}

const RECORD = new URL("sizes.json", import.meta.url);
const MOST_GROWTH = 0.05;
const TARGET = 36_000;

// The command line is a program: nobody ships it in a bundle.
const { "./cli": _program, ...modules } = config.exports;
const entries: Readonly<Record<string, string>> = { ...modules, "smallest use": "scripts/smallest_use.ts" };
const recorded: Readonly<Record<string, Size>> = JSON.parse(await Deno.readTextFile(RECORD));
const sizes: Record<string, Size> = {};
const complaints: string[] = [];

console.log(`${"".padEnd(16)}${"minified".padStart(10)}${"gzipped".padStart(10)}${"recorded".padStart(10)}`);
for (const [name, file] of Object.entries(entries)) {
  const size = await measure(file);
  const before = recorded[name]?.gzipped;
  sizes[name] = size;
  const numbers = [size.minified, size.gzipped, before ?? "none"].map((it) => String(it).padStart(10));
  console.log(name.padEnd(16) + numbers.join(""));
  if (before === undefined) complaints.push(`${name} has no record`);
  else if (size.gzipped > before * (1 + MOST_GROWTH)) {
    complaints.push(`${name} has grown from ${before} to ${size.gzipped} bytes, by more than ${MOST_GROWTH * 100} %`);
  }
}
for (const name of Object.keys(recorded)) {
  if (!(name in entries)) complaints.push(`${name} is recorded, but not exported`);
}

const smallest = sizes["smallest use"]?.gzipped ?? Infinity;
console.log(`\nThe smallest use weighs ${smallest} bytes; the target is ${TARGET}.`);

if (Deno.args.includes("--update")) {
  await Deno.writeTextFile(RECORD, `${JSON.stringify(sizes, null, 2)}\n`);
  console.log("The sizes are recorded.");
} else {
  for (const complaint of complaints) console.log(`FAILED: ${complaint}; if that is meant, run this with --update`);
  finish([{ passed: Math.max(0, Object.keys(sizes).length - complaints.length), failed: complaints.length }]);
}

async function measure(file: string): Promise<Size> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["bundle", "--quiet", "--minify", "--platform", "browser", file],
    cwd: new URL("..", import.meta.url),
  }).output();
  if (!success) throw new Error(`Cannot bundle ${file}:\n${new TextDecoder().decode(stderr)}`);
  return { minified: stdout.length, gzipped: gzipSync(stdout, { level: 9 }).length };
}
