import { type Context, type Engine, ErrorHandler, Flow, Registry, Routine } from "@routilux/routilux";

/** How long a line waits behind the one before, so that there is something to see. */
const PACE_MS = 500;

/** What is put out after each line. */
export interface Sent {
  readonly sent: number;
  readonly of: number;
}

/** Sends lines to the server, one after the other. After each, a checkpoint: whoever goes on begins with the next one. */
export class Sender extends Routine {
  readonly trigger = this.addSlot("trigger", this.send);

  async send({ lines }: { lines: readonly string[] }, ctx: Context<number>): Promise<void> {
    for (const [n, line] of lines.entries()) {
      if (n < (ctx.progress ?? 0)) continue;
      const response = await fetch("/lines", {
        method: "POST",
        // A page that was closed may have sent this line already: the server keeps a line of the same key once.
        headers: { "idempotency-key": ctx.idempotencyKey },
        body: line,
        signal: ctx.signal,
      });
      if (!response.ok) throw new Error(`The server has answered ${response.status}`);
      ctx.output("sent", { sent: n + 1, of: lines.length } satisfies Sent);
      await ctx.checkpoint(n + 1);
      await pause(PACE_MS, ctx.signal);
    }
  }
}

/** The names of the classes in documents. */
export const registry = new Registry({ Sender });

/** Where a message begins. */
export const sender = new Sender();

/** Makes the flow of all messages. A server that does not answer is asked again, for about an hour. */
export function createFlow(engine: Engine): Flow {
  const flow = new Flow({ id: "outbox", registry, engine });
  flow.addRoutine(sender, "sender");
  sender.setErrorHandler(new ErrorHandler({ strategy: "retry", maxRetries: 400, maxRetryDelayMs: 10_000 }));
  return flow;
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason);
    }, { once: true });
  });
}
