import { Kvm } from "@nats-io/kv";
import { connect, type NatsConnection } from "@nats-io/transport-node";
import { assert, assertEquals } from "@std/assert";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { keyValueStore } from "../../../src/stores/key_value_store.ts";
import { storeContract } from "../../../src/testing/store_contract.ts";
import { IS_LONG } from "../../support/gate_amount.ts";
import { addressOf, missing } from "../../support/services.ts";

// The recipe of `docs/stores.md` for buckets of NATS, as it stands there.

/** The gate tries a part in one runtime; the contract of the store itself has its own tests. */
const SOME = /survives|of two writes|a key is sent once|numbers|take goes by flow|delete removes|purge|take no|beside/;

const url = addressOf("nats");
const page = fileURLToPath(new URL("../../../docs/stores.md", import.meta.url));

let connection: NatsConnection | undefined;
let buckets = 0;
after(() => connection?.close());

async function natsStorage() {
  const [, code] = /```ts\n(import \{ jetstreamManager \}[\s\S]*?)```/.exec(readFileSync(page, "utf8")) ?? [];
  assert(code !== undefined, "docs/stores.md has the recipe");
  const folder = mkdtempSync(join(tmpdir(), "routilux-nats-"));
  const path = join(folder, "recipe.ts");
  writeFileSync(path, code);
  const recipe = await import(pathToFileURL(path).href);
  rmSync(folder, { recursive: true });
  return recipe.natsStorage;
}

if (url === undefined || !("Deno" in globalThis)) {
  const skip = url === undefined ? missing("nats") : "Deno tries it";
  test("keyValueStore() over a bucket of NATS passes the contract", { skip }, () => {});
} else {
  const makeStorage = await natsStorage();
  storeContract({
    test: (name, run) => (IS_LONG || SOME.test(name)) && test(name, { timeout: 240_000 }, run),
    prefix: "keyValueStore() over a bucket of NATS: ",
    async createPlace() {
      connection ??= await connect({ servers: url });
      const bucket = `contract-${++buckets}`;
      const storage = await makeStorage(connection, bucket);
      const kv = await new Kvm(connection).open(bucket);
      return { open: () => keyValueStore(storage), dispose: async () => assertEquals(await kv.destroy(), true) };
    },
  });
}
