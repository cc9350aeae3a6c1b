import { PendingCalls } from "../../ports/store_kit.ts";
import type { PostgresClient, PostgresQuery, PostgresRow, PostgresValue } from "./client.ts";
import { explained, isConflict } from "./errors.ts";
import { toNumber } from "./values.ts";

/** The schema that the statements name; another one takes its place. */
const DEFAULT_SCHEMA = "routilux";
/** How often a statement is tried that others keep from succeeding. */
const MOST_TRIES = 20;

/** Where the store's time comes from: the server's clock, or its callers, each of which says what time it is. */
export type Clock = "server" | "callers";

/** Puts the name of a schema in the place of the default one. */
export function inSchema(text: string, schema: string): string {
  return schema === DEFAULT_SCHEMA ? text : text.replaceAll(/\broutilux\./g, () => `${quoteName(schema)}.`);
}

/** Quotes a name. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** Quotes a text. */
export function quoteText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** Runs statements. */
export interface Statements {
  /** The time of a call as a parameter: NULL where the server's clock is meant. */
  now(now: number): PostgresValue;
  /** Whether something is due at once, and not at an instant, while the server's clock is meant. */
  isDueAtOnce(dueAt: number | undefined, now: number): boolean;
  /** Runs a statement, and returns its rows. */
  rows(text: string, ...values: PostgresValue[]): Promise<readonly PostgresRow[]>;
}

/** Runs the statements of a store. */
export class Queries implements Statements {
  /** The name of the schema. */
  readonly schema: string;
  readonly #client: PostgresClient;
  readonly #clock: Clock;
  readonly #prepare: () => Promise<void>;
  readonly #texts: Map<string, string> = new Map();
  readonly #pending: PendingCalls = new PendingCalls();
  #prepared: Promise<void> | undefined;
  #isClosed = false;

  /** Makes the queries of a store; `prepare` runs before the first of them, and again until it succeeds. */
  constructor(client: PostgresClient, schema: string, clock: Clock, prepare: () => Promise<void>) {
    this.schema = schema;
    this.#client = client;
    this.#clock = clock;
    this.#prepare = prepare;
  }

  /** The time of a call as a parameter: NULL where the server's clock is meant. */
  now(now: number): PostgresValue {
    return this.#clock === "server" ? null : toNumber(now);
  }

  /** Whether something is due at once, and not at an instant, while the server's clock is meant. */
  isDueAtOnce(dueAt: number | undefined, now: number): boolean {
    return this.#clock === "server" && dueAt === now;
  }

  /** Converts an instant by the store's clock to the clock of a caller, given the time by both. */
  toCaller(at: number, storeNow: number, now: number): number {
    return this.#clock === "server" ? at - storeNow + now : at;
  }

  /**
   * Runs a call of the store, for which `close` waits.
   *
   * @throws {Error} when the store is closed
   */
  call<T>(run: () => Promise<T>): Promise<T> {
    if (this.#isClosed) {
      return Promise.reject(new Error("The PostgreSQL store is closed; close it last, by engine.close()"));
    }
    return this.#pending.add(this.#run(run));
  }

  async #run<T>(run: () => Promise<T>): Promise<T> {
    this.#prepared ??= this.#prepare();
    try {
      await this.#prepared;
    } catch (error) {
      this.#prepared = undefined;
      throw explained(error, this.schema);
    }
    try {
      return await run();
    } catch (error) {
      throw explained(error, this.schema);
    }
  }

  /** Runs a statement, and returns its rows. One that was rolled back for what others did at the same time is repeated. */
  async rows(text: string, ...values: PostgresValue[]): Promise<readonly PostgresRow[]> {
    for (let tries = 1;; tries++) {
      try {
        return await this.#client.query(this.#textOf(text), values);
      } catch (error) {
        if (!isConflict(error) || tries === MOST_TRIES) throw error;
      }
    }
  }

  /** Runs statements of a transaction: nothing is repeated, as the transaction would have to be. */
  within(query: PostgresQuery): Statements {
    return {
      now: (now) => this.now(now),
      isDueAtOnce: (dueAt, now) => this.isDueAtOnce(dueAt, now),
      rows: (text, ...values) => query(this.#textOf(text), values),
    };
  }

  /** Runs a statement that returns one row. */
  async row(text: string, ...values: PostgresValue[]): Promise<PostgresRow> {
    const [row = {}] = await this.rows(text, ...values);
    return row;
  }

  /** Has `close` wait for something whose failure matters to nobody. */
  track(call: Promise<unknown>): void {
    this.#pending.add(call).catch(() => {});
  }

  /** Refuses further calls, and resolves when the pending ones have settled. */
  async close(): Promise<void> {
    this.#isClosed = true;
    while (!this.#pending.isEmpty) await this.#pending.finished();
  }

  #textOf(text: string): string {
    let known = this.#texts.get(text);
    if (known === undefined) this.#texts.set(text, known = inSchema(text, this.schema));
    return known;
  }
}
