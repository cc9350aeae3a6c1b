/** The parts of a request of `node:http` that are used. */
export interface NodeRequest {
  /** The method. */
  readonly method?: string | undefined;
  /** The path and what follows it. */
  readonly url?: string | undefined;
  /** The headers by name. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** Reads the body. */
  [Symbol.asyncIterator](): AsyncIterator<Uint8Array>;
  /** Reads no further. */
  destroy(): unknown;
}

/** The parts of an answer of `node:http` that are used. */
export interface NodeResponse {
  /** Begins the answer. */
  writeHead(status: number, headers: Record<string, string | string[]>): unknown;
  /** Sends a part of the body; says whether more can be sent at once. */
  write(part: Uint8Array): boolean;
  /** Ends the answer. */
  end(): unknown;
  /** Breaks the answer off. */
  destroy(): unknown;
  /** Calls back once: when more can be sent, or when the client has gone or has all of it. */
  once(event: "drain" | "close", callback: () => void): unknown;
}

const HOST = /^[\w.:[\]-]+$/;

/**
 * Makes a listener for `createServer` of `node:http` of a function that answers requests, such as that of `studio`: for Node, and wherever
 * else `node:http` is.
 *
 * @param answer the function; its request's signal is aborted when the client goes
 * @returns the listener
 *
 * @example
 * ```ts
 * import { Engine, Registry } from "@routilux/routilux";
 * import { nodeListener, studio } from "@routilux/routilux/studio";
 * import { memoryStore } from "@routilux/routilux/stores/memory";
 *
 * const engine = new Engine({ store: memoryStore(), registry: new Registry() });
 * const listener = nodeListener(studio(engine)); // createServer(listener).listen(8000, "127.0.0.1")
 * typeof listener; // "function"
 * await engine.close();
 * ```
 */
export function nodeListener(
  answer: (request: Request) => Promise<Response>,
): (incoming: NodeRequest, outgoing: NodeResponse) => void {
  return (incoming, outgoing) => {
    const gone = new AbortController();
    outgoing.once("close", () => gone.abort());
    send(answer, incoming, outgoing, gone.signal).catch(() => outgoing.destroy());
  };
}

async function send(
  answer: (request: Request) => Promise<Response>,
  incoming: NodeRequest,
  outgoing: NodeResponse,
  signal: AbortSignal,
): Promise<void> {
  let isLeft = false;
  const request = requestOf(incoming, signal, () => {
    isLeft = true;
    outgoing.once("close", () => void incoming.destroy());
  });
  const response = request === undefined ? new Response(null, { status: 400 }) : await answer(request);
  // What is left of a body that nobody reads cannot be told from the next request. The answer goes first: it says why.
  outgoing.writeHead(response.status, { ...headersOf(response), ...isLeft ? { connection: "close" } : {} });
  const reader = response.body?.getReader();
  signal.addEventListener("abort", () => void reader?.cancel().catch(() => {}), { once: true });
  for (;;) {
    const { done = true, value } = await reader?.read() ?? {};
    if (done || value === undefined || signal.aborted) break;
    if (!outgoing.write(value)) await canGoOn(outgoing);
  }
  outgoing.end();
}

function canGoOn(outgoing: NodeResponse): Promise<void> {
  return new Promise((resolve) => {
    outgoing.once("drain", resolve);
    outgoing.once("close", resolve);
  });
}

function headersOf({ headers }: Response): Record<string, string | string[]> {
  const cookies = headers.getSetCookie();
  const others = Array.from(headers).filter(([name]) => name !== "set-cookie");
  return { ...Object.fromEntries(others), ...(cookies.length === 0 ? {} : { "set-cookie": cookies }) };
}

/** The request; nothing for one that names no path, or no host. A path must not be taken for a host: `//localhost/` is none. */
function requestOf(incoming: NodeRequest, signal: AbortSignal, onLeft: () => void): Request | undefined {
  const { headers, method = "GET", url = "" } = incoming;
  const { host } = headers;
  if (!url.startsWith("/") || typeof host !== "string" || !HOST.test(host)) return undefined;
  const known = Object.entries(headers).flatMap(([name, value]): [string, string][] =>
    value === undefined ? [] : [[name, typeof value === "string" ? value : value.join(", ")]]
  );
  const init: RequestInit & { duplex?: "half" } = { method, headers: known, signal };
  if (method !== "GET" && method !== "HEAD") Object.assign(init, { body: bodyOf(incoming, onLeft), duplex: "half" });
  return new Request(`http://${host}${url}`, init);
}

function bodyOf(incoming: NodeRequest, onLeft: () => void): ReadableStream<Uint8Array> {
  const chunks = incoming[Symbol.asyncIterator]();
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await chunks.next();
      if (done === true) controller.close();
      else controller.enqueue(new Uint8Array(value));
    },
    cancel: onLeft,
  }, { highWaterMark: 0 });
}
