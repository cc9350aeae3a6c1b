import { PGlite } from "@electric-sql/pglite";
import { assertEquals } from "@std/assert";
import { after, test } from "node:test";
import { type Context, Engine, type EngineEvent, Flow, Registry, Routine } from "../../../mod.ts";
import { pgliteClient, type PGliteTransaction, postgresStore } from "../../../src/stores/postgres_store.ts";
import { storeContract } from "../../../src/testing/store_contract.ts";
import { createLatch } from "../../support/latch.ts";
import { IS_LONG } from "../../support/gate_amount.ts";
import { checkCounting } from "../../support/check_counting.ts";
import { addressOf } from "../../support/services.ts";
import { emptySchema, type PostgresPlace, postgresPlace } from "../../support/postgres_store_place.ts";

const SCHEMA = "routilux";
/** Large jobs and long lists, which take PGlite their time: where there is a server, that one has them. */
const LARGE = /0,000|a megabyte|every text|any text|page by page|however many/;
const HAS_LARGE = IS_LONG || addressOf("postgres") === undefined;

let database: PGlite | undefined;
after(() => database?.close());

test("handlers transact by PGlite", { timeout: 240_000 }, async () => {
  database ??= await PGlite.create();
  await checkCounting(pgliteClient(database), "transacting");
});

test("C533 a handler transacts by PGlite while another one of its job ends", { timeout: 240_000 }, async () => {
  database ??= await PGlite.create();
  const gate = createLatch();
  class Pair extends Routine {
    readonly trigger = this.addSlot("trigger", this.begin);
    readonly input = this.addSlot("input", this.work);
    readonly item = this.addEvent<{ n: number }>("item");
    begin(_data: unknown, ctx: Context): void {
      for (const n of [1, 2]) ctx.emit(this.item, { n });
    }
    async work({ n }: { n: number }, ctx: Context): Promise<void> {
      if (n === 2) return gate.open();
      await ctx.transact((client: PGliteTransaction) => client.query("SELECT 1", []));
      await gate.passed;
    }
  }
  const events: EngineEvent[] = [];
  const registry = new Registry({ Pair });
  const store = postgresStore(pgliteClient(database), { schema: "lone" });
  const engine = new Engine({ registry, store, observer: (event) => void events.push(event) });
  const flow = new Flow({ id: "pair", registry, engine });
  const pair = flow.addRoutine(new Pair(), "pair");
  flow.connect(pair.item, pair.input);
  const job = await flow.run(pair, {}, { strategy: "concurrent", maxWorkers: 2 });
  assertEquals([job.status, events.filter(({ type }) => type === "store_error")], ["completed", []]);
  await engine.close();
});

storeContract({
  test(name, run) {
    if (HAS_LARGE || !LARGE.test(name)) test(name, { timeout: 240_000 }, run);
  },
  prefix: "postgresStore() on PGlite: ",
  createPlace: () => createPlace(),
  createClockedPlace: () => createPlace("server"),
});

async function createPlace(clock?: "server"): Promise<PostgresPlace> {
  database ??= await PGlite.create();
  const client = pgliteClient(database);
  await emptySchema(client, SCHEMA);
  return postgresPlace(client, SCHEMA, clock);
}
