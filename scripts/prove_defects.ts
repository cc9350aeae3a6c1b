import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { FLEET_DEFECTS, type FleetDefect } from "./fleet_defects.ts";
import { finish } from "./report.ts";
import { copySources } from "./source_copy.ts";

/** How many defects are tried side by side. */
const LANES = 2;
/** How long one fleet may take: a defect that keeps it from ending shows by that, too. How long all fleets take shows nothing. */
const PATIENCE_MS = 300_000;

/** What a fleet has found of a defect. */
interface Finding {
  readonly invariant: string;
  /** How many fleets it took. */
  readonly seeds: number;
}

/** Breaks a copy of the library in one way after the other, and runs fleets until one notices, at most so many; prints a table. */
export async function proveDefects(first: number, count: number, rule: string | undefined): Promise<void> {
  const waiting = FLEET_DEFECTS.filter((it) => rule === undefined || it.rule === rule || it.what.includes(rule));
  const tally = { passed: 0, failed: 0 };
  await Promise.all(Array.from({ length: LANES }, async () => {
    const folder = await copySources();
    for (let defect = waiting.shift(); defect !== undefined; defect = waiting.shift()) {
      const finding = defect.edits.length === 0 ? undefined : await findDefect(folder, defect, first, count);
      const isRight = (finding === undefined) === (defect.unfound !== undefined);
      tally[isRight ? "passed" : "failed"]++;
      console.log(describe(defect, finding, count, isRight));
    }
    await Deno.remove(folder, { recursive: true });
  }));
  finish([tally]);
}

function describe(
  { rule, what, focus = "anything", unfound }: FleetDefect,
  finding: Finding | undefined,
  count: number,
  isRight: boolean,
): string {
  const result = unfound !== undefined && finding === undefined
    ? `no fleet can find it: ${unfound}`
    : finding === undefined
    ? `not found in ${count} seeds`
    : `${finding.invariant}, at seed ${finding.seeds} of ${count}`;
  return `${isRight ? "" : "WRONG "}${rule.padEnd(9)} | ${what} | ${focus} | ${result}`;
}

async function findDefect(folder: string, defect: FleetDefect, first: number, count: number) {
  const originals = new Map<string, string>();
  for (const { file, from, to } of defect.edits) {
    const path = `${folder}/${file}`;
    const text = await Deno.readTextFile(path);
    if (!originals.has(path)) originals.set(path, text);
    await Deno.writeTextFile(path, text.replace(from, () => to));
  }
  const finding = await runFleets(folder, first, count, defect.focus);
  for (const [path, text] of originals) await Deno.writeTextFile(path, text);
  return finding;
}

async function runFleets(
  folder: string,
  first: number,
  count: number,
  focus: string | undefined,
): Promise<Finding | undefined> {
  const script = ["run", "-A", "--no-check", "--import-map", "offline.json", "scripts/catch_fleet.ts"];
  const options = [String(first), String(count), ...focus === undefined ? [] : [focus]];
  const child = spawn(Deno.execPath(), [...script, ...options], { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
  const ended = once(child, "exit");
  const complaint = text(child.stderr);
  let [seeds, isOverdue] = [0, false];
  let found: Finding | undefined;
  const watch = () =>
    setTimeout(() => {
      isOverdue = true;
      child.kill("SIGKILL");
    }, PATIENCE_MS);
  let limit = watch();
  for await (const line of createInterface({ input: child.stdout })) {
    clearTimeout(limit);
    limit = watch();
    const invariant: string | undefined = JSON.parse(line).invariant;
    if (invariant === undefined) seeds++;
    else found = { invariant, seeds };
  }
  const [code] = await ended;
  clearTimeout(limit);
  if (code === 0) return found;
  const [reason = ""] = (await complaint).trim().split("\n");
  // What ends before a fleet begins, or is ended by somebody else, shows nothing.
  if (seeds === 0 || (code === null && !isOverdue)) throw new Error(`No fleet has failed: ${reason}`);
  return { invariant: isOverdue ? "it does not end" : reason, seeds };
}
