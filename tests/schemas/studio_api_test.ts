import { test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { Ajv2020 } from "ajv/dist/2020.js";
import { sampleJobs } from "../studio/sample_studio.ts";

interface Operation {
  readonly operationId: string;
  readonly parameters: readonly {
    readonly name: string;
    readonly in: string;
    readonly required: boolean;
    readonly schema: object;
  }[];
  readonly requestBody?: { readonly content: { readonly "application/json": { readonly schema: object } } };
  readonly responses: Readonly<
    Record<string, { readonly content: Readonly<Record<string, { readonly schema: object }>> }>
  >;
}
interface Description {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
}

/** A real call of each operation, by its id: what follows the path, the body, and the status of the answer. */
const CALLS: Readonly<Record<string, readonly [query: string, body: object | undefined, status: number]>> = {
  describe: ["", undefined, 200],
  getToken: ["", undefined, 200],
  listJobs: ["?tag=team%3Dsales", undefined, 200],
  countJobs: ["", undefined, 200],
  listFlows: ["", undefined, 200],
  listWorkers: ["", undefined, 200],
  listSchedules: ["", undefined, 200],
  measureThroughput: ["?window=1h", undefined, 200],
  getJob: ["?id=waits", undefined, 200],
  getDocument: ["?id=waits", undefined, 200],
  getFlow: ["?id=waits", undefined, 200],
  summarize: ["?id=fails", undefined, 200],
  getTimeline: ["?id=waits", undefined, 200],
  draw: ["?id=waits", undefined, 200],
  listRevisions: ["?id=fails", undefined, 200],
  compareRevisions: ["?id=fails&from=0&to=2", undefined, 200],
  getCommand: ["?id=waits&key=none", undefined, 200],
  watchJobs: ["", undefined, 200],
  watchJob: ["?id=waits", undefined, 200],
  pauseJob: ["?id=waits", { reason: "lunch", graceMs: 5 }, 202],
  resumeJob: ["?id=waits", {}, 202],
  deliver: ["?id=waits", { routine: "payment", slot: "paid", data: { amount: 1 } }, 202],
  redriveJob: ["?id=fails", { key: "once", failures: [{ taskId: 2, data: { item: "tea" } }] }, 202],
  discardFailures: ["?id=fails", { failures: [2], key: "none" }, 202],
  cancelJob: ["?id=waits", { reason: "enough" }, 202],
  forkJob: ["?id=fails", { revision: 1, jobId: "forked" }, 201],
  startJob: ["?id=orders", { routine: "intake", slot: "trigger", params: {}, tags: { a: "b" } }, 201],
  startAnotherJob: ["?id=fails", { routine: "intake", slot: "trigger", params: {}, tags: { a: "b" } }, 201],
  deleteJob: ["?id=completes", undefined, 200],
};

async function describe() {
  const sample = await sampleJobs();
  const description: Description = (await sample.json("/api/openapi.json")).body;
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  ajv.addSchema({ ...description, $id: "api" });
  const check = (pointer: string, value: unknown) => {
    const isValid = ajv.validate({ $ref: `api#${pointer}` }, value);
    assert(isValid, `${pointer}: ${ajv.errorsText()}: ${JSON.stringify(value).slice(0, 500)}`);
  };
  return { ...sample, description, check };
}

const pointerTo = (...parts: readonly string[]) =>
  parts.map((it) => `/${it.replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");

test("the description of the studio's API is one of OpenAPI 3.1, whose operations are all called here", async () => {
  const { description } = await describe();
  assertEquals(description.openapi, "3.1.0");
  const operations = Object.values(description.paths).flatMap((it) => Object.values(it));
  assertEquals(operations.map((it) => it.operationId).toSorted(), Object.keys(CALLS).toSorted());
  for (const { operationId, parameters } of operations) {
    const names = parameters.map((it) => it.name);
    assertEquals(new Set(names).size, names.length, `${operationId} names each parameter once`);
  }
});

test("each operation of the studio's API answers as its description says", async () => {
  const { act, check, description, get } = await describe();
  for (const [operationId, [query, body, status]] of Object.entries(CALLS)) {
    for (const [path, methods] of Object.entries(description.paths)) {
      for (const [method, operation] of Object.entries(methods)) {
        if (operation.operationId !== operationId) continue;
        const here = [path, method, "responses", String(status), "content"];
        const [type = ""] = Object.keys(operation.responses[status]?.content ?? {});
        if (body !== undefined) {
          check(`/paths${pointerTo(path, method, "requestBody", "content", "application/json", "schema")}`, body);
        }
        if (method === "get") {
          const gone = new AbortController();
          const response = await get(path + query, { signal: gone.signal });
          assertEquals([operationId, response.status], [operationId, status]);
          assertEquals(response.headers.get("content-type")?.split(";")[0], type, operationId);
          if (type === "application/json") {
            check(`/paths${pointerTo(...here, type, "schema")}`, await response.json());
          }
          gone.abort();
          await response.body?.cancel().catch(() => {});
          continue;
        }
        const answer = await act(path + query, body, { method: method.toUpperCase() });
        assertEquals([operationId, answer.status], [operationId, status], JSON.stringify(answer.body));
        check(`/paths${pointerTo(...here, type, "schema")}`, answer.body);
      }
    }
  }
});

test("what the studio's API refuses is described, too", async () => {
  const { act, check, json } = await describe();
  for (const answer of [await json("/api/job?id=nobody"), await act("/api/job/pause?id=fails", {})]) {
    check("/components/schemas/Error", answer.body);
  }
});

test("the schemas of the studio's API refuse what is none", async () => {
  const { check, description } = await describe();
  const refuses = (pointer: string, value: unknown) => {
    let isValid = true;
    try {
      check(pointer, value);
    } catch {
      isValid = false;
    }
    assert(!isValid, pointer);
  };
  for (const name of Object.keys(description.components.schemas)) {
    refuses(`/components/schemas/${name}`, { nothing: 1 });
  }
  const body = (path: string) =>
    `/paths${pointerTo(path, "post", "requestBody", "content", "application/json", "schema")}`;
  refuses(body("/api/job/deliver"), { routine: "r" });
  refuses(body("/api/job/pause"), { why: "" });
});
