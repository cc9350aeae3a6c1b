import { generateFlow, type Program } from "./generated_flow.ts";

// How long the type checker takes for a flow of 200 routines and 400 connections, beside smaller ones and an empty file, and
// how much memory: medians of several runs, each in a process and a folder of its own, so that nothing is remembered.
// `deno task bench:types [--runs=5]`; with `--small` a small flow is checked once, and nothing is measured.

interface Check {
  readonly success: boolean;
  readonly ms: number;
  readonly use: Use;
  readonly errors: readonly string[];
}

/** What the system says that a process has used, where it says it. */
interface Use {
  /** The most memory, in bytes. */
  readonly peak: number;
  /** The time that its threads have worked: less than `ms` waits for others, more than `ms` works side by side. */
  readonly cpuMs: number;
}

const UNKNOWN: Use = { peak: NaN, cpuMs: NaN };
const MS_PER_TICK = 10;
/** An empty file, the library with hardly anything, and flows that grow. */
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

/** The generated flow has no error, and one whose ends differ has exactly that one: what is measured is real work. */
async function assertChecked(): Promise<void> {
  const { success, errors } = await check(generateFlow(SMALL));
  if (!success) throw new Error(`The generated flow does not type-check:\n${errors.join("\n")}`);
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

/** Asks Linux what the process has used until it is gone; other systems don't tell. */
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
