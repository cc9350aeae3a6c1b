import type { StoreEvent } from "../../ports/store.ts";
import { type KeptRecord, StoreWatchers } from "../../ports/store_kit.ts";

/** What has happened to jobs, told to those who watch: in this page, and in all others of the same origin. */
export class Notices {
  readonly #watchers: StoreWatchers = new StoreWatchers();
  readonly #channel: BroadcastChannel | undefined;

  /** Makes the notices of a database. */
  constructor(name: string) {
    if (typeof BroadcastChannel === "undefined") return;
    this.#channel = new BroadcastChannel(`routilux/${name}`);
    this.#channel.onmessage = ({ data }: { readonly data: StoreEvent }) => this.#watchers.tell(data);
  }

  /** Tells what has happened. */
  readonly tell = (event: StoreEvent): void => {
    this.#watchers.tell(event);
    try {
      this.#channel?.postMessage(event);
    } catch {
      // What it tells of is stored: others find it when they ask.
    }
  };

  /** Tells what an append has done to a job, if others must know. */
  tellOfAppend(before: KeptRecord, after: KeptRecord): void {
    const events = new StoreWatchers();
    events.watch(this.tell);
    events.tellOfAppend(before, after);
  }

  /** Calls back with what happens, until the returned function is called. */
  watch(onEvent: (event: StoreEvent) => void): () => void {
    return this.#watchers.watch(onEvent);
  }

  /** Stops listening. */
  close(): void {
    this.#channel?.close();
  }
}
