import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { nodeListener, type NodeRequest, type NodeResponse } from "../../src/studio/mod.ts";
import { createLatch } from "../support/latch.ts";

/** A client of a listener, played by the test. */
function client(request: Partial<NodeRequest>, parts: readonly string[] = []) {
  const seen: unknown[] = [];
  const callbacks = { drain: [] as (() => void)[], close: [] as (() => void)[] };
  const end = createLatch();
  const written = createLatch();
  const incoming: NodeRequest = {
    url: "/",
    headers: { host: "localhost" },
    async *[Symbol.asyncIterator]() {
      for (const part of parts) yield await Promise.resolve(new TextEncoder().encode(part));
    },
    destroy: () => void seen.push("request destroyed"),
    ...request,
  };
  const outgoing: NodeResponse = {
    writeHead: (status, headers) => void seen.push([status, headers]),
    write: (part) => {
      seen.push(new TextDecoder().decode(part));
      written.open();
      return false;
    },
    end: () => {
      seen.push("end");
      end.open();
    },
    destroy: () => {
      seen.push("destroyed");
      end.open();
    },
    once: (event, callback) => void callbacks[event].push(callback),
  };
  const call = (event: "drain" | "close") => callbacks[event].splice(0).forEach((callback) => callback());
  return { incoming, outgoing, seen, end: end.passed, written: written.passed, call };
}

test("a listener hands on requests with their bodies, and answers with all headers", async () => {
  const { call, end, incoming, outgoing, seen, written } = client(
    { method: "POST", url: "/a?b=c", headers: { host: "localhost:80", "x-list": ["1", "2"], gone: undefined } },
    ["one ", "two"],
  );
  nodeListener(async (request) => {
    const text = `${request.url} ${request.headers.get("x-list")} ${await request.text()}`;
    const headers = new Headers({ "content-type": "text/plain" });
    headers.append("set-cookie", "a=1");
    headers.append("set-cookie", "b=2");
    return new Response(text, { status: 201, headers });
  })(incoming, outgoing);
  await written;
  call("drain");
  await end;
  assertEquals(seen, [
    [201, { "content-type": "text/plain", "set-cookie": ["a=1", "b=2"] }],
    "http://localhost/a?b=c 1, 2 one two",
    "end",
  ]);
});

test("a listener refuses what names no path or no host", async () => {
  for (
    const request of [{ url: undefined }, { url: "http://localhost/" }, { headers: {} }, { headers: { host: "a/b" } }]
  ) {
    const { end, incoming, outgoing, seen } = client(request as Partial<NodeRequest>);
    nodeListener(() => Promise.resolve(new Response("never")))(incoming, outgoing);
    await end;
    assertEquals(seen, [[400, {}], "end"]);
  }
});

test("a listener ends what it reads when the client goes, and does not wait for it", async () => {
  const { call, end, incoming, outgoing, seen, written } = client({ method: "GET" });
  let isCancelled = false;
  let isAborted = false;
  nodeListener((request) => {
    request.signal.addEventListener("abort", () => isAborted = true);
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(new TextEncoder().encode("more ")),
      cancel: () => void (isCancelled = true),
    });
    return Promise.resolve(new Response(body));
  })(incoming, outgoing);
  await written;
  call("close");
  await end;
  assertEquals([seen.slice(1), isCancelled, isAborted], [["more ", "end"], true, true]);
});

test("a listener that reads no further says why before it ends the connection", async () => {
  const { call, end, incoming, outgoing, seen } = client({ method: "POST" }, ["one", "two"]);
  nodeListener(async (request) => {
    await request.body?.cancel();
    return new Response(null, { status: 413 });
  })(incoming, outgoing);
  await end;
  assertEquals(seen, [[413, { connection: "close" }], "end"]);
  call("close");
  assertEquals(seen.at(-1), "request destroyed");
});

test("a listener breaks an answer off that fails, and a body off that is not read", async () => {
  const { call, end, incoming, outgoing, seen } = client({ method: "POST" }, ["one", "two"]);
  nodeListener(async (request) => {
    await request.body?.cancel();
    throw new Error("no answer");
  })(incoming, outgoing);
  await end;
  call("close");
  assertEquals(seen, ["destroyed", "request destroyed"]);
});
