import process from "node:process";
import { fileURLToPath } from "node:url";
import { postgresStore } from "../../src/stores/postgres_store.ts";
import { countingFlow } from "./counting_flow.ts";
import { openPg } from "./postgres_clients.ts";

// A process that works on the jobs of a counting flow until it is killed, or its input ends. Its arguments: the address of the server, the schema.

/** The path of this script. */
export const COUNTING_PROCESS: string = fileURLToPath(import.meta.url);

const [script = "", address, schema] = process.argv.slice(1);
if (script === COUNTING_PROCESS && address !== undefined && schema !== undefined) {
  const store = postgresStore(openPg(address).client, { schema });
  countingFlow({ store, durability: { leaseMs: 1_000, maxRecoveries: Infinity } }).engine.work({ pollMs: 100 });
  // Whoever has started it is gone.
  process.stdin.on("end", () => process.exit(1)).resume();
}
