import { join } from "node:path";
import { addressOf } from "../tests/support/services.ts";
import { transferJobs, writeJobs } from "../tests/support/transferred_jobs.ts";
import { finish } from "./report.ts";
import { startServicesFor } from "./services.ts";

/**
 * Brings so many jobs into SQLite, from there into PostgreSQL where it is installed, and out again: by `import` and `export`, each killed
 * when half is done and run again. Prints the memory and the time that both need, and compares what comes out byte for byte.
 */
export async function proveTransfer(count: number): Promise<void> {
  const services = await startServicesFor(["postgres"]);
  const folder = await Deno.makeTempDir({ prefix: "routilux-transfer-" });
  const postgres = addressOf("postgres");
  const stores = [`sqlite:${join(folder, "jobs.db")}`, ...postgres === undefined ? [] : [postgres]];
  let from = join(folder, "jobs.jsonl");
  try {
    await writeJobs(from, count);
    console.log(`${count} jobs, ${megabytes((await Deno.stat(from)).size)}`);
    for (const [index, store] of stores.entries()) {
      const to = join(folder, `${index}.jsonl`);
      const { exported, imported } = await transferJobs(store, from, to, true);
      for (const [name, { peak, seconds, wasKilled }] of Object.entries({ import: imported, export: exported })) {
        const how = wasKilled ? "killed once" : "too short to be killed";
        const [kind] = store.split(":");
        console.log(`${kind} ${name}: at most ${megabytes(peak)}, ${Math.round(seconds)} s, ${how}`);
      }
      await Deno.remove(from);
      from = to;
    }
    for (const it of services.missing) console.log(it);
  } finally {
    await Deno.remove(folder, { recursive: true });
    await services.stop();
  }
  finish([{ passed: stores.length, failed: 0 }]);
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 2 ** 20)} MB`;
}
