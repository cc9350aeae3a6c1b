import { callGuarded, unlessAborted } from "./base/thenable.ts";
import { decodeCommand } from "./documents/command.ts";
import type { StoreSession } from "./engine/durable/store_session.ts";
import type { JobRecord, Store, StoreEvent } from "./ports/store.ts";
import type { Timers } from "./ports/timers.ts";

/** How often a job is looked at that may be live in another process, in milliseconds. */
const LOOK_AGAIN_MS = 1_000;

/** Tells when it is worth looking at the store again: something that matters has happened, or it has been a while. */
export class StoreWatch {
  readonly #session: StoreSession;
  readonly #stopWatch: (() => void) | undefined;
  #hasChanged = false;
  #wake: (() => void) | undefined;

  /** Begins to watch: what happens from now on ends the next wait at once. */
  constructor(session: StoreSession, matters: (event: StoreEvent) => boolean) {
    this.#session = session;
    this.#stopWatch = session.store.watch?.((event) => {
      if (event.type === "gap" || matters(event)) this.wake();
    });
  }

  /** Ends the present wait, or the next one. */
  wake(): void {
    this.#hasChanged = true;
    this.#wake?.();
  }

  /**
   * Waits until something has happened since the last wait, for `ms` at the most. Returns whether something has.
   *
   * @throws the signal's reason when it is aborted
   */
  async changed(signal?: AbortSignal, ms: number = LOOK_AGAIN_MS): Promise<boolean> {
    signal?.throwIfAborted();
    if (!this.#hasChanged) {
      await new Promise<void>((resolve, reject) => {
        const end = () => {
          stopTimer();
          signal?.removeEventListener("abort", abort);
          this.#wake = undefined;
          resolve();
        };
        const abort = () => {
          end();
          reject(signal?.reason);
        };
        const stopTimer = this.#session.timers.after(ms, end);
        signal?.addEventListener("abort", abort);
        this.#wake = end;
      });
      signal?.throwIfAborted();
    }
    const hasChanged = this.#hasChanged;
    this.#hasChanged = false;
    return hasChanged;
  }

  /** Stops watching. */
  stop(): void {
    callGuarded(() => this.#stopWatch?.(), (error) => this.#session.onError(error));
  }
}

/**
 * Whether a job has ended for good: of what was asked of it and has not been read yet, only a redrive lets it go on.
 *
 * @throws the signal's reason when it is aborted
 */
export async function isAtItsEnd(
  { store, timers }: { readonly store: Store; readonly timers: Timers },
  record: JobRecord,
  signal?: AbortSignal,
): Promise<boolean> {
  const { consumed, endedAt, sent } = record;
  if (endedAt === undefined || sent === consumed) return endedAt !== undefined;
  const { commands } = await unlessAborted(store.inbox(record, consumed, timers.now()), signal);
  return !commands.some(({ text }) => isRedrive(text));
}

function isRedrive(text: string): boolean {
  try {
    const command = decodeCommand(text);
    return command.type === "resume" && command.redrive;
  } catch {
    // Whoever has the job refuses what cannot be read.
    return false;
  }
}
