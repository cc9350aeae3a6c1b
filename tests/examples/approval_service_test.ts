import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { StartedProcess } from "../support/started_process.ts";
import { BUN, inFolder, NO_BUN, pathOf } from "./run_example.ts";

const OPTIONS = { timeout: 240_000, skip: NO_BUN };

interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

/** An event, as its lines without the line of its id; the ids count from 1. */
type Event = string;

/** A server as a process of its own. */
class Server {
  readonly #program: string;
  readonly #args: readonly string[];
  readonly #paceMs: number;
  #process: StartedProcess | undefined;
  #url = "";

  constructor(program: string, database: string, paceMs: number) {
    this.#program = program;
    this.#args = [pathOf("approval_service/server.ts"), database];
    this.#paceMs = paceMs;
  }

  /** Starts the process, and waits until it listens. */
  async start(): Promise<this> {
    const env = { PACE_MS: String(this.#paceMs), PORT: "0" };
    this.#process = new StartedProcess({ program: this.#program, args: this.#args, env });
    this.#url = (await this.#process.line("the address")).replace("Listening on ", "");
    return this;
  }

  /** Ends the process by a signal, and returns its exit code. */
  async end(signal: "SIGKILL" | "SIGTERM"): Promise<number | null> {
    const started = this.#process;
    this.#process = undefined;
    if (started === undefined) return null;
    try {
      started.signal(signal);
      return (await started.ended()).code;
    } finally {
      await started.end();
    }
  }

  get(path: string): Promise<Answer> {
    return this.#answer(path);
  }

  post(path: string, body: unknown): Promise<Answer> {
    return this.#answer(path, { method: "POST", body: typeof body === "string" ? body : JSON.stringify(body) });
  }

  /** Iterates over an order's events after the last one that was seen. */
  async *events(id: string, seen = 0): AsyncGenerator<Event> {
    const headers = { "last-event-id": String(seen) };
    const ask = () => fetch(`${this.#url}/orders/${id}/events`, { headers });
    const response = await this.#waitFor(`events of ${id}`, ask);
    assertEquals([response.status, response.headers.get("content-type")], [200, "text/event-stream"]);
    const decoder = new TextDecoder();
    let text = "";
    for await (const chunk of response.body ?? []) {
      const blocks = (text + decoder.decode(chunk, { stream: true })).split("\n\n");
      text = blocks.pop() ?? "";
      for (const block of blocks) {
        const event = block.replace(`id: ${seen + 1}\n`, "");
        if (event !== block) seen++;
        else assert(event.startsWith("event: end\n"), `expected event ${seen + 1} or the end, got ${block}`);
        yield event;
      }
    }
  }

  /** All events of an order until its end. */
  all(id: string): Promise<Event[]> {
    return Array.fromAsync(this.events(id));
  }

  #answer(path: string, init: RequestInit = {}): Promise<Answer> {
    const answer = async () => {
      const response = await fetch(this.#url + path, init);
      return { status: response.status, body: await response.json() };
    };
    return this.#waitFor(`the answer to ${path}`, answer);
  }

  async #waitFor<T>(what: string, ask: () => Promise<T>): Promise<T> {
    // Not an assertion: who asks while a server is started again asks the other one.
    if (this.#process === undefined) throw new Error("The server does not run");
    return await this.#process.waitFor(what, ask());
  }
}

/** Runs two servers on one database: one in this runtime, the other in Bun. */
async function withServers(paceMs: number, run: (here: Server, bun: Server) => Promise<void>): Promise<void> {
  await inFolder(async (folder) => {
    const database = join(folder, "orders.db");
    const servers = [new Server(process.execPath, database, paceMs), new Server(BUN, database, paceMs)] as const;
    try {
      await Promise.all(servers.map((server) => server.start()));
      await run(...servers);
    } finally {
      for (const server of servers) await server.end("SIGKILL");
    }
  });
}

const event = (type: string, data: object): Event => `event: ${type}\ndata: ${JSON.stringify(data)}`;

/** The events of an order that somebody has decided about. */
function eventsOf(id: string, order: { readonly pieces: number }, approved: boolean, by: string): Event[] {
  const { pieces } = order;
  const packed = Array.from({ length: pieces }, (_, n) => event("packed", { piece: n + 1, of: pieces }));
  return [
    event("waiting", order),
    event(approved ? "approved" : "rejected", { by }),
    ...approved ? [...packed, event("shipped", {})] : [],
    event("end", { id, state: approved ? "shipped" : "rejected", order }),
  ];
}

test(
  "approval_service: an order that is placed with one server is decided about and followed by the other",
  OPTIONS,
  () =>
    withServers(0, async (here, bun) => {
      const order = { item: "tea", pieces: 2, deadlineMs: 1e9 };
      assertEquals(await here.post("/orders", { ...order, id: "o-1" }), { status: 201, body: { id: "o-1" } });
      const events = bun.events("o-1");
      assertEquals((await events.next()).value, event("waiting", order));
      assertEquals(await bun.get("/orders/o-1"), { status: 200, body: { id: "o-1", state: "waiting", order } });
      assertEquals((await bun.post("/orders/o-1/approve", { by: "ada" })).status, 202);
      const expected = eventsOf("o-1", order, true, "ada");
      assertEquals(await Array.fromAsync(events), expected.slice(1));
      assertEquals(await here.all("o-1"), expected);
      assertEquals(await Array.fromAsync(here.events("o-1", 3)), expected.slice(3));

      const { body: { id } } = await bun.post("/orders", { item: "coffee" });
      assertEquals((await here.post(`/orders/${id}/reject`, { by: "bob" })).status, 202);
      assertEquals((await bun.all(String(id))).at(-1), (await here.all(String(id))).at(-1));
      assertEquals((await here.get("/orders")).body, {
        orders: [{ id: "o-1", status: "completed" }, { id, status: "completed" }],
      });
    }),
);

test(
  "approval_service: a server takes over the orders of one that was killed, and the restarted one knows them",
  OPTIONS,
  () =>
    withServers(20, async (here, bun) => {
      await bun.end("SIGTERM");
      const order = { item: "tea", pieces: 100, deadlineMs: 1e9 };
      await here.post("/orders", { ...order, id: "long" });
      await here.post("/orders", { ...order, id: "open" });
      await here.post("/orders/long/approve", { by: "ada" });
      const seen: Event[] = [];
      for await (const it of here.events("long")) if (seen.push(it) === 5) break;

      // The order is being packed by the only server there is.
      await bun.start();
      await here.end("SIGKILL");
      for await (const it of bun.events("long", seen.length)) seen.push(it);
      const expected = eventsOf("long", order, true, "ada");
      assertEquals(seen, expected);
      assertEquals((await bun.post("/orders/open/reject", { by: "bob" })).status, 202);
      await here.start();
      assertEquals(await here.all("long"), expected);
      assertEquals(await here.all("open"), eventsOf("open", order, false, "bob"));
    }),
);

test(
  "approval_service: a server that is stopped lets go of its orders, for the other",
  OPTIONS,
  () =>
    withServers(20, async (here, bun) => {
      await here.end("SIGTERM");
      const order = { item: "tea", pieces: 100, deadlineMs: 1e9 };
      await bun.post("/orders", { ...order, id: "long" });
      await bun.post("/orders/long/approve", { by: "ada" });
      const seen: Event[] = [];
      for await (const it of bun.events("long")) if (seen.push(it) === 5) break;
      await here.start();
      assertEquals(await bun.end("SIGTERM"), 0);
      assertEquals(await here.all("long"), eventsOf("long", order, true, "ada"));
    }),
);

test(
  "approval_service: while servers are killed, orders that are placed and decided about anywhere end once",
  OPTIONS,
  () =>
    withServers(5, async (here, bun) => {
      const servers = [here, bun] as const;
      const order = { item: "tea", pieces: 10, deadlineMs: 1e9 };
      const ids = Array.from({ length: 12 }, (_, n) => `o-${n}`);
      const isApproved = (id: string) => !id.endsWith("5");

      /** Asks one server after the other until one has answered. */
      async function ask<T>(first: number, call: (server: Server) => Promise<T | undefined>): Promise<T> {
        for (let n = first;; n++) {
          try {
            const answer = await call(servers[n % 2 === 0 ? 0 : 1]);
            if (answer !== undefined) return answer;
          } catch (error) {
            if (error instanceof Error && error.name === "AssertionError") throw error;
          }
        }
      }
      let count = 0;
      const kills = [25, 75].map((at) => ({ at, ...Promise.withResolvers<void>() }));
      async function follow(id: string, n: number): Promise<void> {
        assert((await ask(n, (it) => it.post("/orders", { ...order, id }))).status <= 201);
        const decision = isApproved(id) ? "approve" : "reject";
        assertEquals((await ask(n + 1, (it) => it.post(`/orders/${id}/${decision}`, { by: id }))).status, 202);
        const seen: Event[] = [];
        await ask(n, async (server) => {
          for await (const it of server.events(id, seen.length)) {
            seen.push(it);
            count++;
            for (const { at, resolve } of kills) if (count === at) resolve();
          }
          return seen.at(-1)?.startsWith("event: end") === true ? seen : undefined;
        });
        assertEquals(seen, eventsOf(id, order, isApproved(id), id));
      }
      const followed = Promise.all(ids.map(follow));
      for (const [n, { promise }] of kills.entries()) {
        await promise;
        await servers[n === 0 ? 0 : 1].end("SIGKILL");
        await servers[n === 0 ? 0 : 1].start();
      }
      await followed;
      const listed = ids.map((id) => ({ id, status: "completed" }));
      for (const server of servers) {
        const { orders } = (await server.get("/orders")).body;
        assert(Array.isArray(orders));
        assertEquals(orders.toSorted((a, b) => ids.indexOf(a.id) - ids.indexOf(b.id)), listed);
      }
    }),
);

test(
  "approval_service: an order about which nobody decides in time expires",
  OPTIONS,
  () =>
    withServers(0, async (here, bun) => {
      const order = { item: "tea", pieces: 1, deadlineMs: 1 };
      const { body: { id } } = await here.post("/orders", order);
      const end = event("end", { id, state: "expired", order });
      assertEquals(await bun.all(String(id)), [event("waiting", order), end]);
      assertEquals((await bun.post(`/orders/${id}/approve`, { by: "ada" })).status, 409);
      assertEquals(await here.all(String(id)), [event("waiting", order), end]);
    }),
);

test("approval_service explains what it does not accept", OPTIONS, () =>
  withServers(0, async (here, bun) => {
    const order = { item: "tea", pieces: 1, deadlineMs: 1e9 };
    await here.post("/orders", { ...order, id: "o-1" });
    assertEquals(await bun.post("/orders", { ...order, id: "o-1" }), { status: 200, body: { id: "o-1" } });
    const ada = { status: 202, body: { id: "o-1", approved: true, by: "ada" } };
    assertEquals(await here.post("/orders/o-1/approve", { by: "ada" }), ada);
    assertEquals(await bun.post("/orders/o-1/approve", { by: "ada" }), ada);
    const decided = { status: 409, body: { error: 'order "o-1" has been decided, or its time is up' } };
    assertEquals(await bun.post("/orders/o-1/reject", { by: "ada" }), decided);
    assertEquals(await here.post("/orders/o-1/approve", { by: "bob" }), decided);
    await here.all("o-1");
    assertEquals(await bun.post("/orders/o-1/reject", { by: "bob" }), decided);

    for (const body of ["", "null", "[]", "{}", { item: "" }, { item: "tea", pieces: 0 }, { item: "tea", id: "a/b" }]) {
      assertEquals((await here.post("/orders", body)).status, 400);
    }
    assertEquals(await bun.post("/orders/o-1/approve", { by: 1 }), {
      status: 400,
      body: { error: 'expected { "by": the name of who decides }' },
    });
    const unknown = { status: 404, body: { error: 'there is no order "x"' } };
    for (const path of ["/orders/x", "/orders/x/events"]) assertEquals(await here.get(path), unknown);
    assertEquals(await bun.post("/orders/x/approve", { by: "ada" }), unknown);
    for (const path of ["/", "/orders/o-1/approve"]) assertEquals((await here.get(path)).status, 404);
    for (const path of ["/orders?after=x", "/orders/__proto__"]) assertEquals((await bun.get(path)).status, 400);
  }));
