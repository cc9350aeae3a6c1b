import { utf8Length } from "../../base/text.ts";
import type { StoreEvent } from "../../ports/store.ts";
import { StoreWatchers } from "../../ports/store_kit.ts";
import type { PostgresClient } from "./client.ts";
import { Gatherer } from "./gatherer.ts";
import type { Queries } from "./queries.ts";

/**
 * An expression that tells a channel a text. A transaction with a notice is written to the server's log, and all others with one wait until it is over; but a
 * notice ends with the server, so that none need wait for the disk.
 */
export const notifyOf = (channel: string, text: string): string =>
  `concat(set_config('synchronous_commit', 'off', true), pg_notify(${channel}::text, ${text}::text)::text)`;

const NOTIFY = `SELECT ${notifyOf("$1", "$2")}`;
/** PostgreSQL takes less than 8,000 bytes. */
const LONGEST_PAYLOAD = 7_900;
/** How long after a failure a connection for listening is tried for again at first, and at most, in milliseconds. */
const FIRST_DELAY_MS = 100;
const LONGEST_DELAY_MS = 30_000;

/** What one store tells the others: events, or that there are too many of them. */
interface Notice {
  readonly from: string;
  readonly events: readonly StoreEvent[];
}

/**
 * What has happened to jobs, told to those who watch: here at once, and to other processes by NOTIFY, in a statement of its own after the
 * one that is told of. A NOTIFY among its statements would make the transactions of all processes wait for each other. What
 * is not told, because the process has died in between or a connection was lost, others find when they ask.
 */
export class Notices {
  readonly #queries: Queries;
  readonly #client: PostgresClient;
  readonly #channel: string;
  /** Those who watch here. */
  readonly watchers: StoreWatchers = new StoreWatchers();
  readonly #gatherer: Gatherer<StoreEvent, void>;
  /** Tells this store's notices from those of others. */
  readonly #from: string;
  #stopListening: (() => Promise<void>) | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isListening = false;
  #isClosed = false;

  /** Makes the notices of a store. */
  constructor(queries: Queries, client: PostgresClient) {
    this.#queries = queries;
    this.#client = client;
    this.#channel = `routilux_${queries.schema}`;
    this.#from = crypto.randomUUID();
    this.#gatherer = new Gatherer(async (events) => {
      await this.#notify(events);
      return events.map(() => {});
    }, (event) => event);
  }

  /** Tells what has happened. */
  tell(event: StoreEvent): void {
    this.watchers.tell(event);
    this.#queries.track(this.#gatherer.add(event));
  }

  /** Calls back with what happens, until the returned function is called. From the first call on the store listens for others. */
  watch(onEvent: (event: StoreEvent) => void): () => void {
    if (!this.#isListening) {
      this.#isListening = true;
      void this.#listen(FIRST_DELAY_MS);
    }
    return this.watchers.watch(onEvent);
  }

  /** Stops listening. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    await this.#stopListening?.();
  }

  /** The channel and the text of a notice that nothing is due; `undefined` when nobody listens here, and so in no process like this one. */
  lookedNotice(by: string): readonly [channel: string, text: string] | undefined {
    const notice: Notice = { from: this.#from, events: [{ type: "looked", by }] };
    return this.#stopListening && [this.#channel, JSON.stringify(notice)];
  }

  async #notify(events: readonly StoreEvent[]): Promise<void> {
    const notice: Notice = { from: this.#from, events: shorten(events) };
    const text = JSON.stringify(notice);
    const all: Notice = { from: this.#from, events: [{ type: "gap" }] };
    await this.#queries.rows(NOTIFY, this.#channel, utf8Length(text) > LONGEST_PAYLOAD ? JSON.stringify(all) : text);
  }

  async #listen(delayMs: number): Promise<void> {
    const { listen } = this.#client;
    if (listen === undefined || this.#isClosed) return;
    const gap = () => this.watchers.tell({ type: "gap" });
    try {
      const stop = await listen(this.#channel, (payload) => this.#onMessage(payload), gap);
      if (this.#isClosed) return await stop();
      this.#stopListening = stop;
    } catch {
      if (this.#isClosed) return;
      this.#timer = setTimeout(() => void this.#listen(Math.min(delayMs * 2, LONGEST_DELAY_MS)), delayMs);
      return;
    }
    // What happened since the store is watched may have been missed.
    gap();
  }

  #onMessage(payload: string): void {
    const notice = noticeIn(payload);
    if (notice === undefined || notice.from === this.#from) return;
    for (const event of notice.events) this.watchers.tell(event);
  }
}

/** Leaves out what another event says, too: of times at which something is due, the first one is enough. */
function shorten(events: readonly StoreEvent[]): readonly StoreEvent[] {
  const at = Math.min(...events.map((it) => it.type === "due" ? it.at : Infinity));
  const others = new Map(events.filter(({ type }) => type !== "due").map((it) => [JSON.stringify(it), it]));
  return [...at < Infinity ? [{ type: "due", at } as const] : [], ...others.values()];
}

function noticeIn(payload: string): Notice | undefined {
  try {
    const parsed: unknown = JSON.parse(payload);
    return isNotice(parsed) ? parsed : undefined;
  } catch {
    // Somebody else uses the channel.
    return undefined;
  }
}

function isNotice(value: unknown): value is Notice {
  return typeof value === "object" && value !== null && "from" in value && "events" in value &&
    Array.isArray(value.events);
}
