import type { StoreEvent } from "../../ports/store.ts";
import { StoreWatchers } from "../../ports/store_kit.ts";
import type { Commands } from "./client.ts";
import type { Script } from "./script.ts";
import { fromWire, type Reply } from "./values.ts";

/** How long it takes until a failed connection is tried again: twice as long each time. */
const FIRST_DELAY_MS = 100;
const LONGEST_DELAY_MS = 30_000;

/**
 * What has happened to jobs, told to those who watch: here when the call is answered, and to other processes by the script itself, on a
 * channel. What is not told, because a connection was lost, others find when they ask.
 */
export class Notices {
  readonly #script: Script;
  readonly #commands: Commands;
  readonly #watchers: StoreWatchers = new StoreWatchers();
  #unsubscribe: (() => void) | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isSubscribed = false;
  #isClosed = false;

  /** Makes the notices of a store. */
  constructor(script: Script, commands: Commands) {
    this.#script = script;
    this.#commands = commands;
  }

  /** Tells what a call has done, as the script has answered it; nothing for what is not there. */
  tell(...replies: readonly (Reply | undefined)[]): void {
    for (const reply of replies) {
      const event = typeof reply === "string" ? eventIn(reply) : undefined;
      if (event !== undefined) this.#watchers.tell(event);
    }
  }

  /** Calls back with what happens, until the returned function is called. From the first call on the store listens to others. */
  watch(onEvent: (event: StoreEvent) => void): () => void {
    if (!this.#isSubscribed) {
      this.#isSubscribed = true;
      void this.#subscribe(FIRST_DELAY_MS);
    }
    return this.#watchers.watch(onEvent);
  }

  /** Stops listening. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#unsubscribe?.();
  }

  async #subscribe(delayMs: number): Promise<void> {
    try {
      const unsubscribe = await this.#commands.subscribe(
        `${this.#script.key}:events`,
        (message) => this.#onMessage(message),
        () => this.#watchers.tell({ type: "gap" }),
      );
      if (this.#isClosed) unsubscribe();
      else this.#unsubscribe = unsubscribe;
    } catch {
      if (this.#isClosed) return;
      this.#timer = setTimeout(() => void this.#subscribe(Math.min(delayMs * 2, LONGEST_DELAY_MS)), delayMs);
    }
  }

  #onMessage(message: string): void {
    const at = message.indexOf(" ");
    if (message.slice(0, at) !== this.#script.from) this.tell(message.slice(at + 1));
  }
}

/** The event in a text of the script, which has texts only; `undefined` for what another version or somebody else has told. */
function eventIn(text: string): StoreEvent | undefined {
  try {
    const { type, jobId, at }: Readonly<Record<string, unknown>> = JSON.parse(text);
    if (type === "due" && typeof at === "string") return { type, at: Number(at) };
    if ((type === "command" || type === "ended") && typeof jobId === "string") return { type, jobId: fromWire(jobId) };
  } catch {
    // It is no JSON.
  }
  return undefined;
}
