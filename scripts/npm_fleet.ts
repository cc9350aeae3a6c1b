import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { type Context, Engine, Flow, Registry, Routine } from "@routilux/routilux";
import type { Store } from "@routilux/routilux/store";
import { fileStore } from "@routilux/routilux/stores/file";

// A program of somebody who has installed the package: processes that work on the jobs of a store. One of them is killed, the next one is
// stopped for longer than its lease, as a machine that sleeps, and ends the jobs all the same. `file` or the address of a PostgreSQL
// server is its argument.

const JOBS = 6;
const STEPS = 12;
const LEASE_MS = 1_000;
/** The step of each job at which the first process is killed, and the second one is stopped. */
const KILLED_AT = 4;
const STOPPED_AT = 8;
const DONE = "all is well";

interface Step {
  readonly jobId: string;
  readonly n: number;
  readonly key: string;
}

/** What a process tells, line by line: a step that begins, or something that its engine tells. */
interface Line {
  readonly step?: Step;
  readonly told?: string;
}

function tell(line: Line): void {
  writeSync(1, `${JSON.stringify(line)}\n`);
}

const [, , place = "file", folder = "", heldAt] = process.argv;
/** What handlers of the step at which jobs are held wait for: a line on the input. */
const goesOn = new Promise<unknown>((resolve) => process.stdin.once("data", resolve));
process.stdin.pause();

class Steps extends Routine {
  readonly trigger = this.addSlot("trigger", this.step);
  readonly next = this.addEvent<{ n: number }>("next");

  async step({ n }: { n: number }, ctx: Context): Promise<void> {
    tell({ step: { jobId: ctx.jobId, n, key: ctx.idempotencyKey } });
    if (n === Number(heldAt)) await goesOn;
    if (n < STEPS) ctx.emit(this.next, { n: n + 1 });
  }
}

async function openStore(place: string): Promise<{ readonly store: Store; close(): Promise<void> }> {
  if (!place.startsWith("postgres:")) return { store: fileStore(place), close: () => Promise.resolve() };
  // Whoever has no server has neither of them.
  const { Pool } = await import("pg");
  const { pgClient, postgresStore } = await import("@routilux/routilux/stores/postgres");
  const pool = new Pool({ connectionString: place, max: 4 });
  return { store: postgresStore(pgClient(pool)), close: () => pool.end() };
}

async function work(place: string): Promise<void> {
  process.stdin.resume();
  const { store, close } = await openStore(place);
  const registry = new Registry({ Steps });
  const engine = new Engine({
    registry,
    store,
    durability: { leaseMs: LEASE_MS },
    observer(event) {
      if (event.type === "engine_error") console.error(String(event.error));
      if (event.type === "lost") tell({ told: event.type });
    },
  });
  const flow = new Flow({ id: "steps", registry, engine });
  const steps = flow.addRoutine(new Steps(), "steps");
  flow.connect(steps.next, steps.trigger);
  const jobs = Array.from({ length: JOBS }, (_, n) => ({ jobId: `job ${n}`, params: { n: 1 } }));
  const handles = await flow.startMany(steps.trigger, jobs);
  engine.work({ pollMs: 100 });
  for (const handle of handles) assert.equal((await handle.ended()).status, "completed");
  await engine.close();
  await close();
  process.stdin.pause();
}

/** A process, and the lines that it has told. */
class Worker {
  readonly steps: Step[] = [];
  readonly told: string[] = [];
  readonly #child: ChildProcess;
  readonly #ended: Promise<number | null>;
  #wake = (): void => {};

  constructor(place: string, heldAt: number) {
    const args = [fileURLToPath(import.meta.url), "work", place, String(heldAt)];
    const child = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"] });
    createInterface({ input: child.stdout }).on("line", (text) => {
      const { step, told }: Line = JSON.parse(text);
      if (step !== undefined) this.steps.push(step);
      if (told !== undefined) this.told.push(told);
      this.#wake();
    });
    this.#ended = new Promise((resolve) => child.on("close", resolve));
    this.#child = child;
    process.on("exit", () => this.signal("SIGKILL"));
  }

  /** Waits until all jobs are at a step. */
  async at(step: number): Promise<void> {
    const hasEnded = this.#ended.then((code) => assert.fail(`a process has ended with ${code}`));
    while (this.steps.filter(({ n }) => n === step).length < JOBS) {
      await Promise.race([hasEnded, new Promise<void>((resolve) => this.#wake = resolve)]);
    }
    hasEnded.catch(() => {});
  }

  signal(name: "SIGKILL" | "SIGSTOP" | "SIGCONT"): void {
    this.#child.kill(name);
  }

  /** Lets the jobs go on; resolves with the exit code. */
  async goOn(): Promise<number | null> {
    this.#child.stdin?.write("\n");
    return await this.#ended;
  }

  async killed(): Promise<void> {
    this.signal("SIGKILL");
    await this.#ended;
  }
}

async function watch(place: string): Promise<void> {
  const first = new Worker(place, KILLED_AT);
  await first.at(KILLED_AT);
  await first.killed();
  const second = new Worker(place, STOPPED_AT);
  await second.at(STOPPED_AT);
  second.signal("SIGSTOP");
  await new Promise((resolve) => setTimeout(resolve, 2 * LEASE_MS));
  second.signal("SIGCONT");
  assert.equal(await second.goOn(), 0);
  assert.deepEqual(second.told, [], "an engine has its lease again, and keeps its jobs");

  const names = (steps: readonly Step[]) => steps.map(({ jobId, n }) => `${jobId}, step ${n}`).sort();
  const expected = (from: number, to: number) =>
    Array.from({ length: JOBS * (to - from + 1) }, (_, i) => `job ${i % JOBS}, step ${from + Math.floor(i / JOBS)}`)
      .sort();
  assert.deepEqual(names(first.steps), expected(1, KILLED_AT));
  assert.deepEqual(
    names(second.steps),
    expected(KILLED_AT, STEPS),
    "only what was running is done again, by the same keys",
  );
  const keys = new Set([...first.steps, ...second.steps].map(({ key }) => key));
  assert.equal(keys.size, JOBS * STEPS);
  console.log(DONE);
}

if (place === "work") await work(folder);
else if (place !== "file") await watch(place);
else {
  const jobs = mkdtempSync(join(tmpdir(), "routilux-"));
  await watch(jobs);
  rmSync(jobs, { recursive: true });
}
