import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { Flow, Routine } from "../../mod.ts";
import worker from "../../examples/edge_function/worker.ts";

class Idle extends Routine {
  readonly trigger = this.addSlot("trigger", this.rest);
  rest(): void {}
}

const RESULT = { status: "completed", result: { number: 26_623, length: 308 } };

async function post(body: string, query: string = ""): Promise<[number, Record<string, unknown>]> {
  const response = await worker.fetch(new Request(`http://edge.test/${query}`, { method: "POST", body }));
  return [response.status, await response.json()];
}

test("edge_function finishes a short job within its budget", async () => {
  assertEquals(await post('{"below": 10}', "?budgetMs=1000"), [200, {
    status: "completed",
    result: { number: 9, length: 20 },
  }]);
});

test(
  "edge_function hands the snapshot of a long job back, as often as it takes, and ends with the result",
  { timeout: 120_000 },
  async () => {
    let [status, answer] = await post('{"below": 30000}', "?budgetMs=1");
    assertEquals([status, answer["status"]], [202, "paused"]);
    while (status === 202) [status, answer] = await post(JSON.stringify({ job: answer["job"] }));
    assertEquals([status, answer], [200, RESULT]);
  },
);

test("edge_function refuses what is no work for it", async () => {
  const limit = "expected a job, or an integer below, from 2 to 1000000";
  assertEquals(await post("{"), [400, { error: "the body is no JSON" }]);
  assertEquals(await post("null"), [400, { error: limit }]);
  assertEquals(await post('{"below": 1}'), [400, { error: limit }]);
  assertEquals(await post('{"below": 10}', "?budgetMs=0"), [400, {
    error: "budgetMs must be above 0 and at most 1000",
  }]);
  const response = await worker.fetch(new Request("http://edge.test/"));
  assertEquals([response.status, await response.json()], [405, { error: "expected POST" }]);
});

test("edge_function refuses the job of another flow, and what is no job", async () => {
  const flow = new Flow({ id: "other" });
  const job = flow.create(flow.addRoutine(new Idle(), "idle"), {}, { jobId: "j" });
  assertEquals(await post(JSON.stringify({ job })), [422, {
    error:
      'Cannot resume job "j": flowId: flow_id "other" does not match flow "collatz"; use the flow that made this job, and make it with the same id in each process: new Flow({ id })',
  }]);
  assertEquals(await post('{"job": 1}'), [400, {
    error: "Cannot read routilux/job: expected an object, got 1",
  }]);
});
