import { assert, assertEquals } from "@std/assert";
import process from "node:process";
import { test } from "node:test";
import { type PostgresClient, postgresStore } from "../../../src/stores/postgres_store.ts";
import { manualTimers } from "../../../src/testing/mod.ts";
import { openPg } from "../../support/postgres_clients.ts";
import { addressOf, missing } from "../../support/services.ts";
import { StoredFlowProcess } from "../../support/stored_flow_process.ts";
import { withTimeLimit } from "../../support/time_limit.ts";

const address = addressOf("postgres");
const options = { timeout: 240_000, skip: address === undefined && missing("postgres") };
const MINUTE = 60_000;
/** What the server's clock shows at first. */
const STARTED_AT = Date.UTC(2026, 0, 1);
const LEASE_MS = 30_000;
/** How often a worker asks, and how far all clocks move at a time. */
const POLL_MS = 1_000;

/** A server's clock that a test moves: for its connections, functions of these names come before those of the server. */
class ServerClock {
  readonly #direct: PostgresClient;
  readonly #schema: string;
  #now = STARTED_AT;

  private constructor(direct: PostgresClient, schema: string) {
    this.#direct = direct;
    this.#schema = schema;
  }

  /** Makes a clock. */
  static async make(direct: PostgresClient, schema: string): Promise<ServerClock> {
    const functions = ["now", "transaction_timestamp", "statement_timestamp", "clock_timestamp"].map((name) =>
      `CREATE FUNCTION ${schema}.${name}() RETURNS timestamptz STABLE LANGUAGE sql
        AS 'SELECT to_timestamp(c.now / 1000) FROM ${schema}.clock c'`
    );
    const table = `CREATE TABLE ${schema}.clock AS SELECT ${STARTED_AT}::float8 AS now`;
    for (const text of [`CREATE SCHEMA ${schema}`, table, ...functions]) await direct.query(text, []);
    return new ServerClock(direct, schema);
  }

  /** Lets time pass. */
  async advance(ms: number): Promise<void> {
    this.#now += ms;
    await this.#direct.query(`UPDATE ${this.#schema}.clock SET now = $1::text::float8`, [String(this.#now)]);
  }

  /** The address of a server for connections that go by this clock. */
  addressOf(url: string): string {
    return `${url}?options=${encodeURIComponent(`-c search_path=${this.#schema},pg_catalog`)}`;
  }
}

/** A client that knows whether statements are not answered yet. */
function counting({ query }: PostgresClient): { readonly client: PostgresClient; answered(): Promise<void> } {
  const pending = new Set<Promise<void>>();
  return {
    client: {
      query(text, values) {
        const answer = query(text, values);
        const settled = answer.then(() => {}, () => {}).finally(() => pending.delete(settled));
        pending.add(settled);
        return answer;
      },
    },
    async answered() {
      while (pending.size > 0) await Promise.all(pending);
    },
  };
}

/** Engines whose clocks differ from the server's, and what all of them do in simulated time. */
async function withEngines(
  name: string,
  offsets: readonly number[],
  run: (engines: readonly Skewed[], fleet: Fleet) => Promise<void>,
): Promise<void> {
  if (address === undefined) return;
  const schema = `clock_of_${name}_${process.pid}`;
  const direct = openPg(address, 1);
  const clock = await ServerClock.make(direct.client, schema);
  const opened = openPg(clock.addressOf(address));
  const { client, answered } = counting(opened.client);
  const [row] = await client.query("SELECT extract(epoch FROM statement_timestamp())::float8 * 1000 AS now", []);
  assertEquals(Number(row?.["now"]), STARTED_AT, "the statements of the store see the other clock");
  const engines = offsets.map((offsetMs): Skewed => {
    const timers = manualTimers(STARTED_AT + offsetMs);
    const process = new StoredFlowProcess({
      store: postgresStore(client, { schema: `jobs of ${schema}` }),
      timers,
      durability: { leaseMs: LEASE_MS },
      work: (n, ctx) =>
        n === 0 ? new Promise<void>((resolve) => ctx.signal.addEventListener("abort", () => resolve())) : undefined,
    });
    return { process, isAlive: true };
  });
  const alive = () => engines.filter(({ isAlive }) => isAlive).map(({ process }) => process);
  const settle = async () => {
    // An answer leads to other calls.
    for (let round = 0; round < 6; round++) {
      await answered();
      for (const { timers } of alive()) await timers.flush();
    }
  };
  const poll = async () => {
    await clock.advance(POLL_MS);
    for (const { timers } of alive()) await timers.advance(POLL_MS);
    await settle();
  };
  await run(engines, {
    async pass(ms) {
      for (let left = ms; left > 0; left -= POLL_MS) await poll();
    },
    async begins({ process }) {
      for (let passed = 0; process.begun.length === 0; passed += POLL_MS) {
        assert(passed < MINUTE, "it begins within a minute");
        await poll();
      }
    },
    async until(promise) {
      let isDone = false;
      const done = promise.finally(() => isDone = true);
      return await withTimeLimit(async (limit) => {
        while (!isDone) await limit.waitFor("what needs no time", settle());
        return await done;
      });
    },
  });
  await opened.close();
  await direct.close();
}

interface Skewed {
  readonly process: StoredFlowProcess;
  /** Whether time passes for it. */
  isAlive: boolean;
}

interface Fleet {
  /** Lets time pass for the server and all engines that are alive. */
  pass(ms: number): Promise<void>;
  /** The same until an engine has begun with an item; much less passes than clocks differ by. */
  begins({ process }: Skewed): Promise<void>;
  /** Waits for something that needs no time. */
  until<T>(promise: Promise<T>): Promise<T>;
}

for (const [how, by] of Object.entries({ behind: -10 * MINUTE, ahead: 10 * MINUTE })) {
  test(
    `a lease ends by the server's clock, between engines that are minutes ${how} and the other way`,
    options,
    async () => {
      await withEngines(`lease_${how}`, [by, -by], async ([first, second], { pass, begins, until }) => {
        assert(first !== undefined && second !== undefined);
        first.process.engine.work({ pollMs: POLL_MS });
        await until(first.process.flow.start("source", { items: [0] }, { jobId: "held" }));
        await begins(first);
        second.process.engine.work({ pollMs: POLL_MS });
        await pass(2 * LEASE_MS);
        assertEquals(second.process.begun, [], "the lease is renewed");
        first.isAlive = false;
        await pass(LEASE_MS / 2);
        assertEquals(second.process.begun, [], "the lease has not ended");
        await begins(second);
      });
    },
  );

  test(`what is due at once is taken at once, though the engine that says so is minutes ${how}`, options, async () => {
    await withEngines(`start_${how}`, [by, 0], async ([first, second], { begins, until }) => {
      assert(first !== undefined && second !== undefined);
      second.process.engine.work({ pollMs: POLL_MS });
      await until(first.process.flow.start("source", { items: [1] }, { jobId: "started" }));
      await begins(second);
    });
  });

  test(`a job that is let go is taken at once, though the engine that lets go is minutes ${how}`, options, async () => {
    await withEngines(`release_${how}`, [by, 0], async ([first, second], { begins, until }) => {
      assert(first !== undefined && second !== undefined);
      const worker = first.process.engine.work({ pollMs: POLL_MS, drainMs: 0 });
      await until(first.process.flow.start("source", { items: [0, 1] }, { jobId: "held" }));
      await begins(first);
      second.process.engine.work({ pollMs: POLL_MS });
      await Promise.all([worker.stop(), begins(second)]);
    });
  });
}
