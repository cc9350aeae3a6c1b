import { test } from "node:test";
import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { Engine, Flow, Registry } from "../../mod.ts";
import { memoryStore } from "../../src/stores/memory_store.ts";
import { studio, type StudioOptions } from "../../src/studio/mod.ts";
import { wrapStore } from "../support/wrapped_store.ts";
import { ORIGIN, sampleJobs, sampleStudio, TOKEN } from "./sample_studio.ts";

const DELIVER = `/job/deliver?id=waits&to=${encodeURIComponent('["payment","paid"]')}`;
const FORMS = ["/start", "/start?flow=orders", "/start?job=waits", "/job/redrive?id=fails"];
const JSON_ACT = {
  method: "POST",
  body: "{}",
  headers: { "content-type": "application/json", cookie: `routilux_studio=${TOKEN}`, "x-routilux-token": TOKEN },
} as const;

/** The status of a pause that somebody asks for with changed headers, and whether the job was asked. */
async function tryPause(changes: Readonly<Record<string, string | undefined>>, path = "/api/job/pause?id=waits") {
  const { get, store } = await sampleJobs();
  const headers = Object.entries({ ...JSON_ACT.headers, ...changes }).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value] as [string, string]]
  );
  const { status } = await get(path, { ...JSON_ACT, headers });
  return [status, (await store.find("waits"))?.sent];
}

test("without authorize only those are let in who ask under a name of this machine, and by no proxy", async () => {
  const answer = studio(new Engine({ store: memoryStore(), registry: new Registry() }));
  const statusOf = async (url: string, headers: Record<string, string> = {}) =>
    (await answer(new Request(url, { headers }))).status;
  for (const host of ["localhost", "localhost:3000", "127.0.0.1", "127.1.2.3:80", "[::1]:9"]) {
    assertEquals([host, await statusOf(`http://${host}/`)], [host, 200]);
  }
  for (
    const host of [
      ...["example.org", "localhost.example.org", "127.0.0.1.example.org", "10.0.0.1", "0.0.0.0", "[::2]"],
      ...["localhost@example.org", "notlocalhost", "128.0.0.1"],
    ]
  ) assertEquals([host, await statusOf(`http://${host}/`.replace(/\/\/[^@/]*@/, "//"))], [host, 403]);
  for (const name of ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via"]) {
    assertEquals([name, await statusOf("http://localhost/", { [name]: "x" })], [name, 403]);
  }
});

test("authorize decides who may look and who may act; one that throws or answers anything else lets nobody in", async () => {
  const rejecting = { authorize: () => Promise.reject(new Error("out of order")) };
  const throwing = {
    authorize: () => {
      throw new Error("out of order");
    },
  };
  const odd = { authorize: () => "all" } as unknown as StudioOptions;
  for (const options of [rejecting, throwing, odd, { authorize: () => "none" as const }]) {
    const { act, get, json } = await sampleJobs(options);
    for (const path of ["/", "/job?id=waits", "/nothing", "/workers", "/schedules", DELIVER, ...FORMS]) {
      assertEquals((await get(path)).status, 403);
    }
    const { status, body } = await json("/api/job?id=waits");
    assertEquals([status, body], [403, { error: { status: 403, message: "You may not look at these jobs" } }]);
    assertEquals((await act("/api/job/pause?id=waits")).status, 403);
  }
  // Nobody else would know why all are refused.
  const seen: unknown[] = [];
  const told = sampleStudio(throwing, undefined, {
    observer: (event) => void (event.type === "engine_error" && seen.push(event.error)),
  });
  assertEquals((await told.get("/")).status, 403);
  assertEquals(seen.map(String), ["Error: out of order"]);
  const { act, form, get, store } = await sampleJobs({ authorize: () => Promise.resolve("read") });
  const page = await (await get("/job?id=waits")).text();
  assertEquals(/<form method="post"/.test(page), false);
  assertEquals([(await act("/api/job/pause?id=waits")).status, (await form("/job/pause?id=waits", {})).status], [
    403,
    403,
  ]);
  assertEquals((await store.find("waits"))?.sent, 0);
});

test("an act needs its origin and its token, by the API", async () => {
  assertEquals(await tryPause({}), [202, 1]);
  assertEquals(await tryPause({ origin: ORIGIN }), [202, 1]);
  assertEquals(await tryPause({ "sec-fetch-site": "same-origin" }), [202, 1]);
  for (
    const changes of [
      { origin: "http://evil.example" },
      { origin: "null" },
      { origin: "http://localhost:8001" },
      { origin: "https://localhost:8000" },
      { "sec-fetch-site": "cross-site" },
      { "sec-fetch-site": "same-site", origin: ORIGIN },
      { "sec-fetch-site": "none" },
      { cookie: undefined },
      { "x-routilux-token": undefined },
      { "x-routilux-token": "b".repeat(64) },
      { "x-routilux-token": "" },
      { cookie: "routilux_studio=", "x-routilux-token": "" },
      { cookie: "routilux_studio=x", "x-routilux-token": "x" },
    ]
  ) assertEquals([changes, await tryPause(changes)], [changes, [403, 0]]);
  // Nothing but JSON is read, so that no form of another page is taken for it.
  for (const type of ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""]) {
    assertEquals([type, await tryPause({ "content-type": type })], [type, [415, 0]]);
  }
});

test("an act needs its origin and its token, by a form", async () => {
  const { form, get, store } = await sampleJobs();
  const send = async (headers: Record<string, string>, body: string) =>
    (await get("/job/pause?id=waits", { method: "POST", headers, body })).status;
  const good = {
    "content-type": "application/x-www-form-urlencoded",
    cookie: `routilux_studio=${TOKEN}`,
    origin: ORIGIN,
  };
  assertEquals(await send(good, ""), 403);
  assertEquals(await send(good, `token=${"b".repeat(64)}`), 403);
  assertEquals(await send({ ...good, origin: "http://evil.example" }, `token=${TOKEN}`), 403);
  assertEquals(await send({ ...good, "content-type": "text/plain" }, `token=${TOKEN}`), 415);
  assertEquals((await store.find("waits"))?.sent, 0);
  const done = await form("/job/pause?id=waits", { reason: "lunch" });
  assertEquals(done.status, 303);
  assertMatch(done.headers.get("location") ?? "", /^\/job\?id=waits&asked=pause&key=/);
});

test("the token is made at the first look, is new for each browser, and stays", async () => {
  const { get } = await sampleJobs({ basePath: "/studio" });
  const cookieOf = async (init?: RequestInit) => (await get("/studio/", init)).headers.get("set-cookie");
  const [first, second] = [await cookieOf(), await cookieOf()];
  assertMatch(first ?? "", /^routilux_studio=[0-9a-f]{64}; Path=\/studio\/; HttpOnly; SameSite=Strict$/);
  assert(first !== second, "two browsers have different tokens");
  assertEquals(await cookieOf({ headers: { cookie: `other=1; routilux_studio=${TOKEN}` } }), null);
  const { body } = await sampleStudio().json("/api/token");
  assertMatch(body.token, /^[0-9a-f]{64}$/);
});

test("each answer tells browsers to hold to a strict policy, and no page has scripts or styles within", async () => {
  const { get } = await sampleJobs();
  for (
    const path of [
      ...[
        "/",
        "/job?id=waits",
        "/job?id=fails&revision=1",
        "/job/differences?id=fails&from=0&to=2",
        "/workers",
        "/schedules",
        DELIVER,
        ...FORMS,
        "/nothing",
      ],
      ...["/style.css", "/script.js", "/icon.svg", "/api/jobs", "/api/job/diagram.svg?id=waits", "/api/nothing"],
    ]
  ) {
    const response = await get(path);
    const policy = response.headers.get("content-security-policy") ?? "";
    for (
      const part of [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
      ]
    ) {
      assert(policy.includes(part), `${path}: ${part}`);
    }
    assert(!policy.includes("unsafe"), path);
    assertEquals(response.headers.get("x-content-type-options"), "nosniff");
    const text = await response.text();
    if (!response.headers.get("content-type")?.startsWith("text/html")) continue;
    assertEquals(
      text.match(/<style|\sstyle=|\son\w+=|javascript:|<script(?! src="\/script\.js" defer><\/script>)/i),
      null,
      path,
    );
  }
});

test("other methods, types, sizes and paths are refused", async () => {
  const { get } = await sampleJobs();
  const statusOf = async (path: string, init?: RequestInit) => (await get(path, init)).status;
  for (const method of ["PUT", "PATCH", "DELETE", "OPTIONS", "POST", "PROPFIND"]) {
    const response = await get("/job?id=waits", { method });
    assertEquals([method, response.status, response.headers.get("allow")], [method, 405, "GET"]);
  }
  const both = await get(DELIVER, { method: "PUT" });
  assertEquals([both.status, both.headers.get("allow")], [405, "GET, POST"]);
  assertEquals(await statusOf("/api/job/pause?id=waits"), 405);
  assertEquals([await statusOf("/", { method: "HEAD" }), await (await get("/", { method: "HEAD" })).text()], [200, ""]);
  for (
    const path of [
      ...[
        "/../",
        "/job/",
        "//",
        "/job//pause",
        "/JOB?id=waits",
        "/api",
        "/api/",
        "/style.css/",
        "/job%2Fpause",
        "/%2e%2e/etc/passwd",
      ],
      ...["/job/..%2f..%2fapi", "/assets/../mod.ts", "/job;x?id=waits", "/__proto__", "/constructor"],
    ]
  ) {
    const status = await statusOf(path);
    assert(status === 404 || path === "/../" || path === "//", `${path}: ${status}`);
  }
  assertEquals(await statusOf(`/job?id=${"x".repeat(20_000)}`), 414);
  const large = JSON.stringify({ routine: "payment", slot: "paid", data: "x".repeat(1_100_000) });
  assertEquals(await statusOf("/api/job/deliver?id=waits", { ...JSON_ACT, body: large }), 413);
  const undeclared = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(new Uint8Array(100_000)),
  });
  const streamed = { ...JSON_ACT, body: undeclared, duplex: "half" };
  assertEquals(await statusOf("/api/job/deliver?id=waits", streamed), 413);
  for (const body of ["{", "[]", "5", "null", '{"a":']) {
    assertEquals([body, await statusOf("/api/job/pause?id=waits", { ...JSON_ACT, body })], [body, 400]);
  }
  assertEquals(await statusOf("/api/job/pause?id=waits", { ...JSON_ACT, body: new Uint8Array([0xff, 0xfe]) }), 400);
});

test("a body that does not arrive is given up", async () => {
  const { get, timers } = await sampleJobs();
  let isCancelled = false;
  const body = new ReadableStream<Uint8Array>({ cancel: () => void (isCancelled = true) });
  const init = { ...JSON_ACT, body, duplex: "half" };
  const answer = get("/api/job/pause?id=waits", init);
  await timers.advance(40_000);
  assertEquals([(await answer).status, isCancelled], [408, true]);
});

test("errors show nothing of the machine; the observer is told", async () => {
  const seen: unknown[] = [];
  const store = memoryStore();
  const secret = new Error("connect /var/run/secret.sock postgres://ada:password@db");
  const { get, json } = sampleStudio({}, {
    ...wrapStore(store, (call) => call),
    load: () => Promise.reject(secret),
    list: () => Promise.reject(secret),
  }, { observer: (event) => void (event.type === "engine_error" && seen.push(event.error)) });
  for (const path of ["/", "/job?id=waits", "/workers", "/schedules"]) {
    const response = await get(path);
    const text = await response.text();
    assertEquals([path, response.status, /secret|password|postgres|\.ts/.test(text)], [path, 500, false]);
  }
  assertEquals((await json("/api/jobs")).body, {
    error: { status: 500, message: "Something is wrong here; the engine's observer was told" },
  });
  assertEquals(seen.length, 5);
  assert(seen.every((it) => it === secret));
});

test("studio() refuses engines and options that it cannot use", () => {
  const engine = new Engine({ store: memoryStore(), registry: new Registry() });
  assertThrows(() => studio(new Engine()), TypeError, "Cannot make a studio: the engine has no store");
  assertThrows(() => studio(new Engine({ store: memoryStore() })), TypeError, "the engine has no registry");
  assertThrows(() => studio({} as Engine), TypeError, "engine must be an Engine");
  assertThrows(
    () => studio(engine, { authorise: () => "act" } as StudioOptions),
    TypeError,
    'did you mean "authorize"',
  );
  assertThrows(
    () => studio(engine, { authorize: "act" } as unknown as StudioOptions),
    TypeError,
    "authorize must be a function",
  );
  for (const flows of [5, [5], new Flow()]) {
    assertThrows(
      () => studio(engine, { flows } as unknown as StudioOptions),
      TypeError,
      "flows must be a list of flows",
    );
  }
  for (const basePath of ["studio", "/studio/", "/", "/a//b", "/a/../b", "/a?b", "/a b", 5]) {
    assertThrows(() => studio(engine, { basePath } as StudioOptions), TypeError, "basePath must be a path");
  }
});

test("a studio under a path answers below it only, and its links stay there", async () => {
  const { get } = await sampleJobs({ basePath: "/ops/studio" });
  assertEquals([(await get("/")).status, (await get("/ops")).status, (await get("/ops/studios")).status], [
    404,
    404,
    404,
  ]);
  const moved = await get("/ops/studio");
  assertEquals([moved.status, moved.headers.get("location")], [308, "/ops/studio/"]);
  const page = await (await get("/ops/studio/job?id=waits")).text();
  const links = Array.from(page.matchAll(/ (?:href|src|action)="([^"#]+)/g), ([, link = ""]) => link);
  assert(links.length > 20 && links.every((link) => link.startsWith("/ops/studio/")), links.join(" "));
});
