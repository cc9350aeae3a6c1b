import { generateFlow, type Program } from "./generated_flow.ts";

// Measures the time and memory of the type checker for a flow of 200 routines and 400 connections, beside smaller flows
// and an empty file: medians of several runs, each in its own process and folder, so that nothing is cached. `deno task
// bench:types [--runs=5]`; with `--small` a small flow is checked once, and nothing is measured.

interface Check {
  readonly success: boolean;
  readonly ms: number;
  readonly use: Use;
  readonly errors: readonly string[];
}

/** The resources that a process has used, where the system reports them. */
interface Use {
  /** The peak memory, in bytes. */
  readonly peak: number;
  /** The processor time of all threads, in milliseconds. Less than `ms` means waiting; more means parallel work. */
  readonly cpuMs: number;
}

const UNKNOWN: Use = { peak: NaN, cpuMs: NaN };
const MS_PER_TICK = 10;
/** An empty file, a minimal use of the library, and flows of growing size. */
const SIZES = [0, 1, 50, 100, 200];
const SMALL = 8;
const CONFIG = {
  imports: {
    "@routilux/routilux": new URL("../mod.ts", import.meta.url).href,
    "valibot": "npm:valibot@^1.5.0",
  },
  compilerOptions: {
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    noImplicitOverride: true,
  },
};

const runs = Number(Deno.args.find((it) => it.startsWith("--runs="))?.slice("--runs=".length) ?? 5);

await assertChecked();
if (!Deno.args.includes("--small")) await measureAll();

/**
 * A generated flow with one wrong connection must have exactly one error: all others type-check, and the checker does real work.
 */
async function assertChecked(): Promise<void> {
  const wrong = await check(generateFlow(SMALL, true));
  if (wrong.success || wrong.errors.length !== 1 || !/TS2345.*Argument of type 'Slot</.test(wrong.errors[0] ?? "")) {
    throw new Error(`Expected one error for a connection of unlike ends, got:\n${wrong.errors.join("\n") || "none"}`);
  }
  console.log(`A flow of ${SMALL} routines and ${2 * SMALL} connections type-checks, and not with one wrong end.`);
}

async function measureAll(): Promise<void> {
  console.log(`\nDeno ${Deno.version.deno}, TypeScript ${Deno.version.typescript}, medians of ${runs} runs\n`);
  console.log("routines  connections      time (from    to)  processor  peak memory");
  for (const size of SIZES) {
    const program = size === 0 ? { "main.ts": "export {};\n" } : generateFlow(size);
    const checks: Check[] = [];
    for (let run = 0; run < runs; run++) checks.push(await check(program));
    const failed = checks.find(({ success }) => !success);
    if (failed !== undefined) throw new Error(`A flow of ${size} routines fails:\n${failed.errors.join("\n")}`);
    console.log(row(size, checks));
  }
}

function row(size: number, checks: readonly Check[]): string {
  const times = checks.map(({ ms }) => ms);
  const seconds = (ms: number) => (ms / 1_000).toFixed(2);
  return [
    String(size).padStart(8),
    String(2 * size).padStart(11),
    `${seconds(median(times))} s (${seconds(Math.min(...times))} ${seconds(Math.max(...times))})`.padStart(19),
    `${seconds(median(checks.map(({ use }) => use.cpuMs)))} s`.padStart(9),
    `${(median(checks.map(({ use }) => use.peak)) / 1e6).toFixed(0)} MB`.padStart(11),
  ].join("  ");
}

async function check(program: Program): Promise<Check> {
  const folder = await Deno.makeTempDir();
  try {
    const files = { ...program, "deno.json": JSON.stringify(CONFIG) };
    for (const [name, text] of Object.entries(files)) await Deno.writeTextFile(`${folder}/${name}`, text);
    const startedAt = performance.now();
    const child = new Deno.Command(Deno.execPath(), {
      args: ["check", "--quiet", `${folder}/main.ts`],
      cwd: folder,
      env: { NO_COLOR: "1" },
      stdout: "null",
      stderr: "piped",
    }).spawn();
    const use = watch(child);
    const { success, stderr } = await child.output();
    const ms = performance.now() - startedAt;
    const errors = new TextDecoder().decode(stderr).split("\n").filter((line) => /^TS\d+ \[ERROR\]/.test(line));
    return { success, ms, use: await use, errors };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Reads the resources of the process from Linux until it ends; other systems don't report them. */
async function watch(child: Deno.ChildProcess): Promise<Use> {
  let isOver = false;
  let use = UNKNOWN;
  void child.status.then(() => isOver = true);
  while (!isOver) {
    try {
      const [status, stat] = await Promise.all(
        ["status", "stat"].map((name) => Deno.readTextFile(`/proc/${child.pid}/${name}`)),
      );
      const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(status ?? "")?.[1];
      const [user = NaN, system = NaN] = (stat ?? "").replace(/^.*\) /, "").split(" ").slice(11, 13).map(Number);
      if (kilobytes !== undefined) use = { peak: Number(kilobytes) * 1_024, cpuMs: (user + system) * MS_PER_TICK };
    } catch {
      break;
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return use;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}
