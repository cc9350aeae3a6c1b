import { PendingCalls } from "../../ports/store_kit.ts";
import type { Commands } from "./client.ts";
import { cannotPublish, explained } from "./errors.ts";
import { INBOX_SCRIPT } from "./inbox_script.ts";
import { JOB_SCRIPT } from "./job_script.ts";
import { RECORD_SCRIPT } from "./record_script.ts";
import { TAKING_SCRIPT } from "./taking_script.ts";
import { itemsOf, numberOf, type Reply, textOf } from "./values.ts";

/** One script for all operations: which one is meant, an argument says. */
const SCRIPT = `${RECORD_SCRIPT}${JOB_SCRIPT}${INBOX_SCRIPT}${TAKING_SCRIPT}\nreturn ops[op]()\n`;

const OLDEST = 7;
/** Of the keys; where a store says nothing of it, this is its version, too. */
const VERSION = "1";

/** Where the store's time comes from: the server's clock, or its callers, each of which says what time it is. */
export type Clock = "server" | "callers";

/** Runs the operations of a store: each is one call of a script, and so atomic. */
export class Script {
  /** The key that all others begin with. */
  readonly key: string;
  /** Names this store to others. */
  readonly from: string;
  readonly #commands: Commands;
  readonly #clock: Clock;
  readonly #pending: PendingCalls = new PendingCalls();
  #hash: Promise<string> | undefined;
  #prepared: Promise<void> | undefined;
  #isClosed = false;

  /** Makes the script of a store. */
  constructor(commands: Commands, prefix: string, clock: Clock) {
    this.#commands = commands;
    this.#clock = clock;
    // In a cluster, what stands in braces says which server has a key: one for all of them.
    this.key = `{${prefix}}`;
    this.from = crypto.randomUUID();
  }

  /**
   * Makes a call of the store, for which `close` waits.
   *
   * @throws {Error} when the store is closed
   */
  call<T>(run: () => Promise<T>): Promise<T> {
    if (this.#isClosed) return Promise.reject(new Error("The Redis store is closed; close it last, by engine.close()"));
    return this.#pending.add(this.#call(run));
  }

  /** Runs an operation at a time by the callers' clock, which counts only where the store goes by that. */
  async run(operation: string, now: number | undefined, ...args: readonly string[]): Promise<Reply> {
    const time = this.#clock === "server" ? "" : String(now ?? 0);
    const values = [operation, time, this.from, ...args];
    const hash = await (this.#hash ??= hashOf(SCRIPT));
    let reply: unknown;
    try {
      reply = await this.#commands.run(hash, true, this.key, values);
    } catch (error) {
      if (!isUnknownScript(error)) throw error;
      reply = await this.#commands.run(SCRIPT, false, this.key, values);
    }
    return toReply(reply);
  }

  /** Converts an instant by the store's clock to the clock of a caller, given the time by both. */
  toCaller(at: number, storeNow: number, now: number): number {
    return this.#clock === "server" ? at - storeNow + now : at;
  }

  /** Refuses further calls, and resolves when the pending ones have settled. */
  async close(): Promise<void> {
    this.#isClosed = true;
    while (!this.#pending.isEmpty) await this.#pending.finished();
  }

  async #call<T>(run: () => Promise<T>): Promise<T> {
    this.#prepared ??= this.#check();
    try {
      await this.#prepared;
    } catch (error) {
      this.#prepared = undefined;
      throw explained(error, this.key);
    }
    try {
      return await run();
    } catch (error) {
      throw explained(error, this.key);
    }
  }

  async #check(): Promise<void> {
    const [version, policy, silent, keys] = itemsOf(await this.run("open", 0)).map(textOf);
    if (!(numberOf(version?.split(".")[0]) >= OLDEST)) {
      throw new Error(
        `Cannot open the Redis store: it needs Redis ${OLDEST} or newer, the server is ${version || "older"}`,
      );
    }
    if (policy?.startsWith("allkeys")) {
      throw new Error(
        `Cannot open the Redis store: the server deletes any key when its memory is full, so that jobs get lost; ` +
          `set maxmemory-policy to noeviction, current value is ${policy}`,
      );
    }
    if (silent === "1") throw cannotPublish(this.key);
    if (keys === VERSION) return;
    throw new Error(
      `Cannot open the Redis store: its keys have version ${keys}, this version of routilux supports ${VERSION}; ` +
        `use the newer version that created them`,
    );
  }
}

async function hashOf(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-1", new TextEncoder().encode(text));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function isUnknownScript(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith("NOSCRIPT");
}

/** What a client has returned, as the script's answer: other clients would return other values. */
function toReply(value: unknown): Reply {
  if (Array.isArray(value)) return value.map(toReply);
  if (typeof value === "string" || typeof value === "number") return value;
  if (value === null || value === undefined || value === false) return null;
  throw new TypeError(`The client has returned ${typeof value}: the Redis store needs one that returns texts`);
}
