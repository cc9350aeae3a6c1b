import { test } from "node:test";
import { assertEquals, assertStringIncludes } from "@std/assert";
import { type StartedProcess, withProcess } from "../support/started_process.ts";
import { BUN, NO_BUN, pathOf } from "./run_example.ts";

const OPTIONS = { timeout: 240_000, skip: NO_BUN };

const TEXTS = ["one", "one two", "", "one two three", "one two"];
const EVENTS = [
  'id: 1\nevent: text\ndata: {"number":1,"words":1}',
  'id: 2\nevent: text\ndata: {"number":2,"words":2}',
  'id: 3\nevent: text\ndata: {"number":3,"words":0}',
  'id: 4\nevent: text\ndata: {"number":4,"words":3}',
  'id: 5\nevent: text\ndata: {"number":5,"words":2}',
  'id: 6\nevent: total\ndata: {"words":8}',
];

/** Starts the server as a process, and kills it after the test. */
function withServer(env: Record<string, string>, run: (server: Server) => Promise<void>): Promise<void> {
  const args = [pathOf("bun_server/server.ts")];
  return withProcess({ program: BUN, args, env: { PACE_MS: "0", PORT: "0", ...env } }, async (started) => {
    await run(new Server(started, (await started.line("the address")).replace("Listening on ", "")));
  });
}

class Server {
  readonly #process: StartedProcess;
  readonly #url: string;

  constructor(started: StartedProcess, url: string) {
    this.#process = started;
    this.#url = url;
  }

  get(path: string) {
    return this.#answer(path);
  }

  post(path: string, body: string = "") {
    return this.#answer(path, { method: "POST", body });
  }

  /** Starts a job, and returns its id. */
  async start(): Promise<string> {
    const { status, body } = await this.post("/jobs", JSON.stringify({ texts: TEXTS }));
    assertEquals([status, body.status], [201, "running"]);
    return body.jobId;
  }

  /** Reads a number of a job's events, or all of them. */
  events(id: string, most: number = Infinity, lastSeen: number = 0): Promise<string[]> {
    return this.#process.waitFor(`${most} events of job ${id}`, this.#events(id, most, lastSeen));
  }

  async #answer(path: string, init: RequestInit = {}) {
    const answer = fetch(new URL(path, this.#url), init).then(async (response) => ({
      status: response.status,
      body: await response.json(),
    }));
    return await this.#process.waitFor(`the answer to ${path}`, answer);
  }

  async #events(id: string, most: number, lastSeen: number): Promise<string[]> {
    const headers = { "last-event-id": String(lastSeen) };
    const response = await fetch(new URL(`/jobs/${id}/events`, this.#url), { headers });
    assertEquals([response.status, response.headers.get("content-type")], [200, "text/event-stream"]);
    const decoder = new TextDecoder();
    let text = "";
    for await (const chunk of response.body ?? []) {
      text += decoder.decode(chunk, { stream: true });
      if (text.split("\n\n").length > most) break;
    }
    return text.split("\n\n").slice(0, -1);
  }
}

const end = (jobId: string, status: string, pending: number) =>
  `event: end\ndata: ${JSON.stringify({ jobId, status, pending })}`;

/** The data that must be equal, however often the job has moved. */
function withoutInstants(document: object): unknown {
  const parts = JSON.stringify(document, (key, value) => ["at", "jobId", "ranMs"].includes(key) ? undefined : value);
  return { ...JSON.parse(parts), createdAt: "", updatedAt: "" };
}

test(
  "bun_server starts a job, shows it as server-sent events, and tells where it stands",
  OPTIONS,
  () =>
    withServer({}, async (server) => {
      const id = await server.start();
      assertEquals(await server.events(id), [...EVENTS, end(id, "completed", 0)]);
      assertEquals(await server.events(id, Infinity, 4), [...EVENTS.slice(4), end(id, "completed", 0)]);
      assertEquals(await server.get(`/jobs/${id}`), {
        status: 200,
        body: { jobId: id, status: "completed", pending: 0 },
      });
      const again = await server.post(`/jobs/${id}/pause`);
      assertEquals(again.status, 409);
      assertStringIncludes(again.body.error, `Cannot pause job "${id}" in status "completed"`);
    }),
);

test(
  "bun_server, killed in the middle of a job and started again with the last snapshot, loses nothing",
  OPTIONS,
  async () => {
    const expected: unknown[] = [];
    await withServer({}, async (server) => {
      const id = await server.start();
      await server.events(id);
      expected.push(withoutInstants((await server.get(`/jobs/${id}/snapshot`)).body));
    });

    let id = "";
    let snapshot = "";
    await withServer({ HOLD_AT: "4" }, async (server) => {
      id = await server.start();
      assertEquals(await server.events(id, 3), EVENTS.slice(0, 3));
      const { body } = await server.get(`/jobs/${id}/snapshot`);
      assertEquals([body.status, body.pendingTasks.length], ["running", 2]);
      snapshot = JSON.stringify(body);
    });

    await withServer({}, async (server) => {
      assertEquals((await server.get(`/jobs/${id}`)).status, 404);
      const { status, body } = await server.post("/jobs/resume", snapshot);
      assertEquals([status, body.jobId, body.status], [200, id, "running"]);
      assertEquals(await server.events(id, Infinity, 3), [...EVENTS.slice(3), end(id, "completed", 0)]);
      assertEquals(await server.events(id), [...EVENTS, end(id, "completed", 0)]);
      assertEquals(withoutInstants((await server.get(`/jobs/${id}/snapshot`)).body), expected[0]);
    });
  },
);

test("bun_server pauses a job, which continues once its snapshot is posted", OPTIONS, async () => {
  let snapshot = "";
  await withServer({ HOLD_AT: "2" }, async (server) => {
    const id = await server.start();
    assertEquals(await server.events(id, 1), EVENTS.slice(0, 1));
    const live = await server.get(`/jobs/${id}/snapshot`);
    assertEquals(await server.post("/jobs/resume", JSON.stringify(live.body)), {
      status: 409,
      body: { error: `job "${id}" is here already, in status "running"` },
    });
    assertEquals(await server.post(`/jobs/${id}/pause`), {
      status: 200,
      body: { jobId: id, status: "paused", pending: 4 },
    });
    assertEquals(await server.events(id, Infinity, 1), [end(id, "paused", 4)]);
    snapshot = JSON.stringify((await server.get(`/jobs/${id}/snapshot`)).body);
    const resumed = await server.post("/jobs/resume", snapshot);
    assertEquals([resumed.status, resumed.body.status], [200, "running"]);
  });
  await withServer({}, async (server) => {
    const { body } = await server.post("/jobs/resume", snapshot);
    assertEquals(await server.events(body.jobId), [...EVENTS, end(body.jobId, "completed", 0)]);
  });
});

test("bun_server explains what it does not accept", OPTIONS, () =>
  withServer({}, async (server) => {
    const texts = { status: 400, body: { error: 'expected { "texts": [one string or more] }' } };
    for (const body of ["{}", "null", '{"texts":[]}', '{"texts":["a",1]}']) {
      assertEquals(await server.post("/jobs", body), texts);
    }
    const noJson = { status: 400, body: { error: "the body is no JSON" } };
    assertEquals(await server.post("/jobs", '{"texts":'), noJson);
    assertEquals(await server.post("/jobs/resume", ""), noJson);
    const large = JSON.stringify({ texts: ["x".repeat(1_000_000)] });
    const tooLarge = { status: 413, body: { error: "the body has more than 1000000 bytes" } };
    assertEquals(await server.post("/jobs", large), tooLarge);
    assertEquals(await server.post("/jobs/resume", large), tooLarge);
    assertEquals(await server.get("/jobs/unknown"), { status: 404, body: { error: 'there is no job "unknown"' } });
    assertEquals((await server.post("/jobs/unknown/pause")).status, 404);
    assertEquals((await server.get("/")).status, 404);
  }));

test(
  "bun_server refuses a snapshot that does not fit, with every finding",
  OPTIONS,
  () =>
    withServer({}, async (server) => {
      const id = await server.start();
      await server.events(id);
      const { body: job } = await server.get(`/jobs/${id}/snapshot`);
      const task = { id: 1, routine: "printer", slot: "input", data: {}, createdAt: job.createdAt };
      const changed = {
        ...job,
        jobId: "other",
        status: "paused",
        pendingTasks: [task, { ...task, slot: "x", id: 99 }],
      };
      const refused = await server.post("/jobs/resume", JSON.stringify(changed));
      assertEquals(refused.status, 422);
      const message = 'routine "printer" not found in flow "word_count"; it has "splitter", "counter"';
      assertEquals(refused.body.findings, [
        { code: "unknown_routine", path: "pendingTasks[0].routine", message },
        { code: "id_out_of_range", path: "pendingTasks[1].id", message: "the id 99 is not below nextTaskId, 7" },
        { code: "unknown_routine", path: "pendingTasks[1].routine", message },
      ]);
      const noJob = await server.post("/jobs/resume", '{"format":"routilux/flow"}');
      assertEquals(noJob.status, 422);
      assertEquals(noJob.body.findings, [{
        code: "SERIALIZATION",
        path: "format",
        message: 'Cannot read routilux/job: format: expected "routilux/job", got "routilux/flow"',
      }]);
      const ended = await server.post("/jobs/resume", JSON.stringify({ ...job, jobId: "another" }));
      assertEquals(ended.status, 409);
    }),
);
