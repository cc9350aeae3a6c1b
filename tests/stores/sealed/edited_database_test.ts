import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { type Context, Engine, Flow, Registry, Routine } from "../../../mod.ts";
import { sealedStore, SealedTextError } from "../../../src/stores/sealed_store.ts";
import { sqliteStore } from "../../../src/stores/sqlite_store.ts";

const OLD = { id: "old", key: new Uint8Array(32).fill(1) };
const NEW = { id: "new", key: new Uint8Array(32).fill(2) };

class Count extends Routine {
  readonly trigger = this.addSlot("trigger", this.begin);
  readonly input = this.addSlot("input", this.add);
  begin(_: unknown, ctx: Context): void {
    ctx.expect(this.input);
  }
  add({ secret }: { secret: string }, ctx: Context): void {
    ctx.output("heard", secret);
    if (secret === "end") ctx.result("done");
    else ctx.expect(this.input);
  }
}

/** An engine on a sealed store in a database. */
function openOn(database: DatabaseSync, keys: Parameters<typeof sealedStore>[1]["keys"], snapshotLength: number) {
  const registry = new Registry({ Count });
  const store = sealedStore(sqliteStore(database), { keys });
  const engine = new Engine({ registry, store, durability: { snapshotLength }, observer: () => {} });
  const flow = new Flow({ id: "count", registry, engine });
  return { store, engine, flow, count: flow.addRoutine(new Count(), "count") };
}

async function hear(flow: Flow, jobId: string, secret: string): Promise<void> {
  await flow.handle(jobId).deliver({ routine: "count", slot: "input" }, { secret });
}

/** A database with two jobs of two entries or more, which wait. */
async function filled(snapshotLength: number): Promise<DatabaseSync> {
  const database = new DatabaseSync(":memory:");
  const { engine, flow, count } = openOn(database, [OLD], snapshotLength);
  for (const jobId of ["one", "other"]) {
    await flow.start(count.trigger, {}, { jobId });
    await hear(flow, jobId, `secret of ${jobId}`);
  }
  await engine.recover();
  await engine.close();
  return database;
}

/** Swaps the texts of two rows. */
function swapTexts(table: string, text: string, key: string): (database: DatabaseSync) => void {
  return (database) => {
    const rows = database.prepare(`SELECT ${key} AS key, ${text} AS text FROM ${table} ORDER BY ${key}`).all();
    // A job's rows are neighbours: the first and the last one are of two jobs.
    const [first, last] = [rows.at(0), rows.at(-1)];
    const set = database.prepare(`UPDATE ${table} SET ${text} = ? WHERE ${key} = ?`);
    set.run(last?.["text"] ?? "", first?.["key"] ?? 0);
    set.run(first?.["text"] ?? "", last?.["key"] ?? 0);
  };
}

const EDITS: Readonly<Record<string, readonly [edit: (database: DatabaseSync) => unknown, said: RegExp]>> = {
  "the snapshots of two jobs are swapped": [
    swapTexts("routilux_documents", "snapshot", "life"),
    // The entries go with a snapshot. Which of the texts is told of is chance: they are opened at the same time.
    /^Cannot open (snapshot 0|entry \d) of job "one", sealed by key "old": it was changed, or moved from another place/,
  ],
  "entries of two jobs are swapped": [
    swapTexts("routilux_entries", "text", "position"),
    /^Cannot open entry 1 of job "one", sealed by key "old": it was changed, or moved from another place/,
  ],
  "an entry of the same job is repeated in the place of the next one": [
    (database) =>
      database.exec(
        "UPDATE routilux_entries SET text = (SELECT text FROM routilux_entries ORDER BY position LIMIT 1) WHERE position = " +
          "(SELECT position FROM routilux_entries ORDER BY position LIMIT 1 OFFSET 1)",
      ),
    /^Cannot open entry 2 of job "one", sealed by key "old": it was changed, or moved from another place/,
  ],
};

for (const [what, [edit, said]] of Object.entries(EDITS)) {
  test(`sealedStore() on SQLite notices that ${what}`, async () => {
    const database = await filled(Infinity);
    const { engine, flow } = openOn(database, [OLD], Infinity);
    await hear(flow, "one", "end");
    edit(database);
    const error = await assertRejects(async () => await flow.handle("one").read(), SealedTextError);
    assertMatch(error.message, said);
    const { errors } = await engine.recover();
    assertMatch(String(errors.find(({ jobId }) => jobId === "one")?.error), /SealedTextError: Cannot open/);
    await engine.close();
    database.close();
  });
}

test("sealedStore() on SQLite notices an older snapshot in the place of the newer one", async () => {
  const database = await filled(Infinity);
  const texts = database.prepare("SELECT snapshot FROM routilux_documents WHERE life = 1");
  const older = texts.get()?.["snapshot"] ?? "";
  const first = openOn(database, [OLD], 1);
  await hear(first.flow, "one", "second secret");
  await first.engine.recover();
  await first.engine.close();
  assertEquals(texts.get()?.["snapshot"] === older, false, "it was compacted");
  database.prepare("UPDATE routilux_documents SET snapshot = ? WHERE life = 1").run(older);
  const { engine, flow } = openOn(database, [OLD], 1);
  const error = await assertRejects(async () => await flow.handle("one").read(), SealedTextError);
  assertMatch(error.message, /^Cannot open snapshot \d+ of job "one", sealed by key "old": it was changed, or moved/);
  await engine.close();
  database.close();
});

test("sealedStore() on SQLite goes on with a new key, and says of each job that needs the old one", async () => {
  const database = await filled(Infinity);
  const both = openOn(database, [NEW, OLD], Infinity);
  await hear(both.flow, "one", "after the change");
  await both.engine.recover();
  await both.flow.start(both.count.trigger, {}, { jobId: "fresh" });
  await both.engine.close();

  const { engine, flow } = openOn(database, [NEW], Infinity);
  for (const jobId of ["one", "other"]) {
    const error = await assertRejects(async () => await flow.handle(jobId).read(), SealedTextError);
    assertMatch(
      error.message,
      RegExp(`of job "${jobId}", sealed by key "old": give sealedStore\\(\\) the key that has`),
    );
  }
  await hear(flow, "fresh", "end");
  await hear(flow, "other", "end");
  const { errors } = await engine.recover();
  assertEquals(errors.map(({ jobId, error }) => [jobId, error instanceof SealedTextError]), [["other", true]]);
  const { status, outputLog } = await flow.handle("fresh").ended();
  assertEquals([status, outputLog.map(({ data }) => data)], ["completed", ["end"]]);
  await engine.close();

  const again = openOn(database, [NEW, OLD], Infinity);
  await again.engine.recover();
  assertEquals((await again.flow.handle("other").ended()).outputLog.map(({ data }) => data), [
    "secret of other",
    "end",
  ]);
  await again.engine.close();
  database.close();
});
