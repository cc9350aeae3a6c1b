import { executionOf } from "../engine/execution/execution.ts";
import { StoreWatch } from "../job_watch.ts";
import { RequestError } from "./failure.ts";
import type { StudioHost } from "./studio_host.ts";

/** The most streams at a time: each costs a look at the store now and then. */
const MOST_STREAMS = 200;
/** How long two messages of a stream are apart at least, in milliseconds. */
const LEAST_MS = 250;
/** How often a list is looked at anew that nothing is told of, in milliseconds. */
const LIST_MS = 5_000;
/** After so many looks that found nothing, a stream says that it is alive: proxies and servers end silent ones, Bun after ten seconds. */
const QUIET_LOOKS = 6;

/** The streams of a studio that tell of changes, as server-sent events. */
export class ChangeStreams {
  readonly #host: StudioHost;
  #count = 0;

  /** Begins without a stream. */
  constructor(host: StudioHost) {
    this.#host = host;
  }

  /**
   * Sends an event for each change of a job, or when something may have changed in the list of all jobs, until the request is
   * ended.
   *
   * @throws {RequestError} when there are too many streams already
   */
  open(request: Request, jobId: string | undefined): Response {
    if (this.#count >= MOST_STREAMS) {
      throw new RequestError(503, "Too many pages are watched at once; load this one again later");
    }
    this.#count++;
    const gone = new AbortController();
    const messages = jobId === undefined ? this.#ofList(gone.signal) : this.#ofJob(jobId, gone.signal);
    let isOpen = true;
    const close = () => {
      if (isOpen) this.#count--;
      isOpen = false;
      request.signal.removeEventListener("abort", close);
      gone.abort();
      // One that nobody waits for would not notice.
      messages.return().catch(() => {});
    };
    request.signal.addEventListener("abort", close, { once: true });
    const encoder = new TextEncoder();
    const body = new ReadableStream<Uint8Array>({
      async pull(controller) {
        try {
          const { done, value } = await messages.next();
          if (done !== true) return controller.enqueue(encoder.encode(value));
        } catch {
          // The reader is gone, or the store has failed: the browser opens the stream anew.
        }
        close();
        controller.close();
      },
      cancel: close,
    }, { highWaterMark: 0 });
    return new Response(body, { headers: { "content-type": "text/event-stream; charset=utf-8" } });
  }

  async *#ofList(signal: AbortSignal): AsyncGenerator<string, void, undefined> {
    const watch = new StoreWatch(this.#host.session, ({ type }) => type !== "looked");
    try {
      yield ": open\n\n";
      for (;;) {
        await watch.changed(signal, LIST_MS);
        yield message({});
        await this.#pause(signal);
      }
    } finally {
      watch.stop();
    }
  }

  async *#ofJob(jobId: string, signal: AbortSignal): AsyncGenerator<string, void, undefined> {
    const { session } = this.#host;
    const watch = new StoreWatch(
      session,
      (event) => "jobId" in event && event.jobId === jobId,
    );
    let stopListening: (() => void) | undefined;
    let [known, quiet] = ["", 0];
    try {
      for (;;) {
        const live = session.liveJob(jobId);
        // A job that is live here tells of each commit.
        stopListening = live && executionOf(live)?.listeners.onCommit(() => watch.wake());
        const record = await this.#host.store.find(jobId);
        if (record === undefined) return yield message({});
        const { epoch, heldUntil, revision, sent, status } = record;
        // The lease of a live job moves on all the time.
        const seen = JSON.stringify([status, revision, epoch, sent, heldUntil !== undefined]);
        if (seen !== known) {
          yield known === "" ? ": open\n\n" : message({ revision });
          [known, quiet] = [seen, 0];
        } else if (++quiet % QUIET_LOOKS === 0) {
          yield ": alive\n\n";
        }
        await watch.changed(signal);
        stopListening?.();
        await this.#pause(signal);
      }
    } finally {
      stopListening?.();
      watch.stop();
    }
  }

  /** Waits between two messages: changes in the meantime are reported together. */
  async #pause(signal: AbortSignal): Promise<void> {
    await new Promise<void>((resolve) => {
      const end = () => {
        stop();
        signal.removeEventListener("abort", end);
        resolve();
      };
      const stop = this.#host.timers.after(LEAST_MS, end);
      signal.addEventListener("abort", end);
    });
    signal.throwIfAborted();
  }
}

function message(data: object): string {
  return `event: change\ndata: ${JSON.stringify(data)}\n\n`;
}
