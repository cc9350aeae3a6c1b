import process, { env } from "node:process";
import { DatabaseSync } from "node:sqlite";
import { Engine, type JobState, StateError } from "@routilux/routilux";
import { sqliteStore } from "@routilux/routilux/stores/sqlite";
import { approval, createFlow, registry } from "./orders.ts";
import { serve } from "./serve.ts";

// Orders that wait for an approval: server.ts [database]. Start as many of these servers on one database as you like, in
// Deno, Bun or Node, and ask any of them. Stop or `kill -9` any of them: the others go on with its orders.
//
//   POST /orders              places an order: { "item": "tea", "pieces"?, "deadlineMs"?, "id"? }
//   GET  /orders              lists orders, oldest first; ?after= gets the next page
//   GET  /orders/:id          returns an order
//   GET  /orders/:id/events   its progress as server-sent events, from the beginning or after Last-Event-ID
//   POST /orders/:id/approve  approves it: { "by": "ada" }
//   POST /orders/:id/reject   rejects it

const database = new DatabaseSync(process.argv[2] ?? "orders.db");
// The jobs of a process that dies are free for the others three seconds later.
const engine = new Engine({ registry, store: sqliteStore(database), durability: { leaseMs: 3_000 } });
const orders = createFlow(engine);

const routes: Readonly<Record<string, (request: Request, id: string) => Promise<Response>>> = {
  "POST /orders": place,
  "GET /orders": list,
  "GET /orders/:id": async (_request, id) => Response.json(view(await orders.handle(id).read())),
  "GET /orders/:id/events": follow,
  "POST /orders/:id/approve": (request, id) => decide(request, id, true),
  "POST /orders/:id/reject": (request, id) => decide(request, id, false),
};

serve(Number(env["PORT"] ?? 3000), async (request) => {
  const { pathname } = new URL(request.url);
  const [, , id = ""] = pathname.split("/");
  const route = routes[`${request.method} ${pathname.replace(/^\/orders\/[^/]+/, "/orders/:id")}`];
  try {
    return await route?.(request, id) ?? refusal(404, "there is nothing of this method and path");
  } catch (error) {
    if (error instanceof StateError && error.status === "unknown") return refusal(404, `there is no order "${id}"`);
    if (error instanceof StateError) return refusal(409, `order "${id}" has been decided, or its time is up`);
    if (error instanceof TypeError) return refusal(400, error.message); // what was given as an id or a cursor is none
    console.error(error);
    return refusal(500, "something is wrong here");
  }
});
engine.work({ drainMs: 1_000 });
for (const signal of ["SIGINT", "SIGTERM"]) {
  process.once(signal, async () => {
    await engine.close(); // lets go of its jobs: the other servers go on with them at once
    database.close();
    process.exit();
  });
}

async function place(request: Request): Promise<Response> {
  const { item, pieces = 1, deadlineMs = 60_000, id = crypto.randomUUID() } = await read(request);
  if (!isText(item) || !isCount(pieces) || !isCount(deadlineMs) || !isText(id) || /[^\w-]/.test(id)) {
    return refusal(400, 'expected { "item": a text, "pieces"?: a number, "deadlineMs"?: a number, "id"?: a word }');
  }
  // Placed twice under one id, it is one order.
  const { isNew } = await orders.start(approval.trigger, { item, pieces, deadlineMs }, { jobId: id });
  return Response.json({ id }, { status: isNew ? 201 : 200, headers: { location: `/orders/${id}` } });
}

async function decide(request: Request, id: string, approved: boolean): Promise<Response> {
  const { by } = await read(request);
  if (!isText(by)) return refusal(400, 'expected { "by": the name of who decides }');
  const order = orders.handle(id);
  for await (const _asked of order.outputs({ signal: request.signal })) break; // it waits for the decision by now
  // Of all that is delivered with this key, the first counts. The same once more is no error.
  await order.deliver(approval.decision, { approved, by }, { key: "decision" });
  return Response.json({ id, approved, by }, { status: 202 });
}

async function list(request: Request): Promise<Response> {
  const cursor = new URL(request.url).searchParams.get("after") ?? undefined;
  const { jobs, cursor: after } = await engine.list({ flowId: orders.id, cursor });
  return Response.json({ orders: jobs.map(({ jobId, status }) => ({ id: jobId, status })), after });
}

async function follow({ headers, signal }: Request, id: string): Promise<Response> {
  const order = orders.handle(id);
  await order.read(); // an unknown order is refused here
  async function* events(seen: number): AsyncGenerator<string> {
    for await (const { type, data } of order.outputs({ from: seen, signal })) {
      yield `id: ${++seen}\nevent: ${type}\ndata: ${JSON.stringify(data ?? {})}\n\n`;
    }
    yield `event: end\ndata: ${JSON.stringify(view(await order.read()))}\n\n`;
  }
  const seen = Number(headers.get("last-event-id")) >>> 0; // whatever the header says
  const body = ReadableStream.from(events(seen)).pipeThrough(new TextEncoderStream());
  return new Response(body, { headers: { "content-type": "text/event-stream" } });
}

function view({ jobId, sharedData, outputLog, error }: JobState): object {
  const state = error?.name === "TimeoutError" ? "expired" : error?.name ?? outputLog.at(-1)?.type ?? "placed";
  return { id: jobId, state, order: sharedData["order"] };
}

async function read(request: Request): Promise<Record<string, unknown>> {
  return Object(await request.json().catch(() => undefined));
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value.length > 0 && value.length <= 100;
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value > 0 && value <= 1e9;
}

function refusal(status: number, error: string): Response {
  return Response.json({ error }, { status });
}
