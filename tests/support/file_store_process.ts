import { once } from "node:events";
import { writeSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import type { Store } from "../../src/ports/mod.ts";
import { fileStore } from "../../src/stores/file_store.ts";
import { createJob, enter, take } from "../../src/testing/store_contract/sample_jobs.ts";

// A process that uses a file store. `fill FOLDER` appends to a job until that fails, and prints how many entries are stored and
// the error. `hold FOLDER` prints whether it could open the store, and keeps it open until its input ends; `work FOLDER` takes a new job
// before.

/** The path of this script. */
export const STORE_PROCESS: string = fileURLToPath(import.meta.url);

function tell(line: string): void {
  writeSync(1, new TextEncoder().encode(`${line}\n`));
}

async function fill(folder: string): Promise<void> {
  const store = fileStore(folder);
  const claim = await createJob(store, "job", 0);
  for (let revision = 0;; revision++) {
    try {
      await store.append(claim, revision, [JSON.stringify({ revision, text: "x".repeat(3_000) })]);
    } catch (error) {
      const stored = await store.load("job");
      tell(String(stored?.entries.length));
      tell(String(error));
      await store.close();
      return;
    }
  }
}

async function work(store: Store): Promise<void> {
  const owner = await enter(store, "engine", { leaseMs: 1_000_000 });
  await createJob(store, "job", 0, { dueAt: 1 });
  await take(store, owner);
}

async function hold(folder: string, use: (store: Store) => Promise<void>): Promise<void> {
  const inputEnds = once(process.stdin.resume(), "end");
  try {
    const store = fileStore(folder);
    await use(store);
    tell("open");
    await inputEnds;
    await store.close();
  } catch (error) {
    tell(String(error));
    await inputEnds;
  }
}

const [script = "", command, folder = ""] = process.argv.slice(1);
if (script === STORE_PROCESS && command === "fill") await fill(folder);
if (script === STORE_PROCESS && command === "hold") await hold(folder, async () => {});
if (script === STORE_PROCESS && command === "work") await hold(folder, work);
