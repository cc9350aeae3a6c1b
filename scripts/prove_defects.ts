import { FLEET_DEFECTS, type FleetDefect } from "./fleet_defects.ts";
import { finish } from "./report.ts";
import { copySources } from "./source_copy.ts";

/** How many defects are tried side by side. */
const LANES = 2;
/** How long fleets look for one defect at most: it may keep a run from ending, which shows it, too. */
const PATIENCE_MS = 600_000;

/** What a fleet has found of a defect. */
interface Finding {
  readonly invariant: string;
  readonly seeds?: number;
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
    : `${finding.invariant}${finding.seeds === undefined ? "" : `, at seed ${finding.seeds} of ${count}`}`;
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
  const signal = AbortSignal.timeout(PATIENCE_MS);
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [...script, String(first), String(count), ...focus === undefined ? [] : [focus]],
    cwd: folder,
    signal,
  }).output();
  if (signal.aborted) return { invariant: "it does not end" };
  if (!success) return { invariant: new TextDecoder().decode(stderr).trim().split("\n")[0] ?? "" };
  const found = new TextDecoder().decode(stdout).trim();
  return found === "" ? undefined : JSON.parse(found);
}
