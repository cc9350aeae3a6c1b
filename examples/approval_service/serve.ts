import { createServer, type IncomingMessage } from "node:http";
import { text } from "node:stream/consumers";

/** Answers the requests to a port of this machine in any runtime, as `Deno.serve` and `Bun.serve` do in theirs. */
export function serve(port: number, answer: (request: Request) => Promise<Response>): void {
  const server = createServer(async (incoming, outgoing) => {
    const gone = new AbortController(); // aborted when the client does not listen any more
    outgoing.once("close", () => gone.abort());
    try {
      const response = await answer(await requestOf(incoming, gone.signal));
      outgoing.writeHead(response.status, Object.fromEntries(response.headers));
      for await (const chunk of response.body ?? []) outgoing.write(chunk);
      outgoing.end();
    } catch {
      outgoing.destroy();
    }
  });
  server.listen(port, "127.0.0.1", () => {
    const address = server.address();
    if (typeof address === "object") console.log(`Listening on http://127.0.0.1:${address?.port}`);
  });
}

async function requestOf(incoming: IncomingMessage, signal: AbortSignal): Promise<Request> {
  const { method = "GET", url = "/", headers } = incoming;
  const body = method === "POST" ? await text(incoming) : null;
  const known = Object.entries(headers).map(([name, value]) => [name, String(value)]);
  return new Request(new URL(url, "http://127.0.0.1"), { method, headers: Object.fromEntries(known), body, signal });
}
