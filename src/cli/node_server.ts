import type { IncomingMessage, ServerResponse } from "node:http";

/**
 * Makes a listener for `createServer` of `node:http` of a function that answers requests. An answer's stream ends when the client goes.
 */
export function nodeListener(
  answer: (request: Request) => Promise<Response>,
): (incoming: IncomingMessage, outgoing: ServerResponse) => void {
  return (incoming, outgoing) => {
    const gone = new AbortController();
    outgoing.once("close", () => gone.abort());
    send(answer, incoming, outgoing, gone.signal).catch(() => outgoing.destroy());
  };
}

async function send(
  answer: (request: Request) => Promise<Response>,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  signal: AbortSignal,
): Promise<void> {
  const response = await answer(requestOf(incoming, signal));
  const cookies = response.headers.getSetCookie();
  const headers = Array.from(response.headers).filter(([name]) => name !== "set-cookie");
  outgoing.writeHead(response.status, { ...Object.fromEntries(headers), ...(cookies.length === 0 ? {} : { "set-cookie": cookies }) });
  const reader = response.body?.getReader();
  const stop = () => reader?.cancel().catch(() => {});
  signal.addEventListener("abort", stop, { once: true });
  for (;;) {
    const { done = true, value } = await reader?.read() ?? {};
    if (done || signal.aborted) break;
    if (!outgoing.write(value)) await new Promise<void>((resolve) => {
      outgoing.once("drain", resolve);
      signal.addEventListener("abort", () => resolve(), { once: true });
    });
  }
  outgoing.end();
}

function requestOf(incoming: IncomingMessage, signal: AbortSignal): Request {
  const { headers, method = "GET", url = "" } = incoming;
  const host = headers.host ?? "";
  // The path must not be taken for a host: "//localhost/" would make anybody a neighbour.
  if (!url.startsWith("/") || !/^[\w.:[\]-]+$/.test(host)) throw new TypeError("The request names no path, or no host");
  const known = Object.entries(headers).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, Array.isArray(value) ? value.join(", ") : value] as [string, string]]
  );
  const hasBody = method !== "GET" && method !== "HEAD";
  return new Request(`http://${host}${url}`, {
    method,
    headers: known,
    signal,
    ...(hasBody ? { body: bodyOf(incoming), duplex: "half" } : {}),
  });
}

function bodyOf(incoming: IncomingMessage): ReadableStream<Uint8Array> {
  const chunks = incoming[Symbol.asyncIterator]();
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await chunks.next();
      if (done === true) controller.close();
      else controller.enqueue(new Uint8Array(value));
    },
    cancel: () => void incoming.destroy(),
  }, { highWaterMark: 0 });
}
