import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { ErrorHandler } from "../../mod.ts";
import { AT, checkJobText, COMPLETED, CREATED, START } from "../support/check_job_text.ts";
import { createDocumentFlow } from "../support/document_flow.ts";
import { pauseWhen } from "../support/pause_when.ts";

test("a task that waits for its retry, and one that is skipped", async () => {
  const { flow, clerk, timers } = createDocumentFlow();
  clerk.setErrorHandler(new ErrorHandler({ strategy: "retry", jitter: 0, maxRetries: 4, retryDelayMs: 100 }));
  const job = flow.execute(clerk.input, { what: "fail" });
  await timers.flush();
  const error = '{"cause":{"message":"why","name":"Error"},"code":"E1","message":"no such thing","name":"RangeError"}';
  checkJobText(job, {
    executionHistory: `[${START},{${AT},"data":${error},"routine":"clerk","type":"error"},` +
      `{${AT},"data":{"attempt":1,"maxRetries":4},"routine":"clerk","type":"retry"}]`,
    nextTaskId: "2",
    pendingTasks: `[{"attempt":1,${CREATED},"data":{"what":"fail"},"id":1,"maxRetries":4,` +
      `"notBefore":"1970-01-01T00:00:00.100Z","routine":"clerk","slot":"input"}]`,
    status: '"running"',
  });
});

test("a skipped task is kept, its routine marked", async () => {
  const { flow, clerk, timers } = createDocumentFlow();
  clerk.setAsOptional("skip");
  const job = flow.execute(clerk.sum, { n: 6 });
  await timers.flush();
  const error = '{"message":"too much","name":"TypeError"}';
  checkJobText(job, {
    executionHistory: `[${START},{${AT},"data":${error},"routine":"clerk","type":"error"},` +
      `{${AT},"routine":"clerk","type":"skip"}]`,
    failures: `[{${AT},"error":${error},"task":{${CREATED},"data":{"n":6},"id":1,"merged":{"value":{"total":6}},` +
      `"routine":"clerk","slot":"sum"}}]`,
    nextTaskId: "2",
    pendingTasks: "[]",
    routineStates: '{"clerk":{"status":"skipped","version":1}}',
    slots: '{"clerk":{"sum":{"value":{"total":6}}}}',
    status: '"completed"',
  });
});

test("a merged value that waits for its retry, and the retries of a task that has ended", async () => {
  const { flow, clerk, timers } = createDocumentFlow();
  clerk.setErrorHandler(
    new ErrorHandler({ strategy: "retry", jitter: 0, maxRetries: 1, retryDelayMs: 10, isCritical: false }),
  );
  const job = flow.execute(clerk.sum, { n: 6 });
  await timers.flush();
  assertEquals(
    JSON.stringify(job.toJSON().pendingTasks),
    [
      `[{"attempt":1,${CREATED},"data":{"n":6},"id":1,"maxRetries":1,"merged":{"value":{"total":6}},`,
      `"notBefore":"1970-01-01T00:00:00.010Z","routine":"clerk","slot":"sum"}]`,
    ].join(""),
  );
  assertEquals(JSON.stringify(job.toJSON().slots), '{"clerk":{"sum":{"value":{"total":6}}}}');
  await timers.advance(10);
  assertEquals(job.status, "completed");
  assertEquals(
    JSON.stringify(job.toJSON().routineStates),
    '{"clerk":{"retries":1,"status":"error_continued","version":1}}',
  );
});

test("append slots: lists by key, positions that a retry holds, items that are cleared and still held", async () => {
  const { flow, clerk, timers } = createDocumentFlow();
  clerk.setErrorHandler(new ErrorHandler({ strategy: "retry", jitter: 0, retryDelayMs: 1_000 }));
  const job = flow.execute(clerk.lists, { n: 0 });
  await timers.flush();
  const slots = () => JSON.stringify(job.toJSON().slots);
  const held = `[{"attempt":1,${CREATED},"data":{"n":0},"id":1,"maxRetries":3,"merged":{"lists":[{"from":0,"key":"n",` +
    `"to":1}]},"notBefore":"1970-01-01T00:00:01.000Z","routine":"clerk","slot":"lists"}]`;
  assertEquals(slots(), '{"clerk":{"lists":{"lists":[{"items":[0],"key":"n"}]}}}');
  assertEquals(JSON.stringify(job.toJSON().pendingTasks), held);
  flow.deliver(job, clerk.lists, { n: 1 });
  await timers.flush();
  flow.deliver(job, clerk.lists, { n: 2 });
  await timers.flush();
  assertEquals(slots(), '{"clerk":{"lists":{"lists":[{"cleared":2,"items":[0,1,2],"key":"n"}]}}}');
  assertEquals(JSON.stringify(job.toJSON().pendingTasks), held);
  await timers.advance(1_000);
  assertEquals([job.status, slots()], [
    "completed",
    '{"clerk":{"lists":{"lists":[{"items":[2],"key":"n","start":2}]}}}',
  ]);
});

test("deliveries that are awaited, with and without a deadline", async () => {
  const { flow, clerk, timers } = createDocumentFlow();
  const job = flow.execute(clerk.input, { what: "await" });
  flow.deliver(job, clerk.input, { what: "await long" });
  await timers.flush();
  checkJobText(job, {
    executionHistory: `[${START},${START}]`,
    nextTaskId: "5",
    pendingTasks:
      `[{"awaiting":{"timeoutMs":500,"until":"1970-01-01T00:00:00.500Z"},${CREATED},"id":3,"routine":"clerk",` +
      `"slot":"kept"},{"awaiting":{},${CREATED},"id":4,"routine":"clerk","slot":"input"}]`,
    routineStates: COMPLETED,
    status: '"running"',
  });
});

test("a generator between two yields: parked, with its step and progress", async () => {
  const { flow, clerk, timers } = createDocumentFlow({ limits: { highWater: 1 } });
  const job = flow.execute(clerk.steps, { what: "walk", n: 2 });
  const paused = pauseWhen(flow, job, ({ pendingTasks: [first] }) => first?.step === 1);
  await timers.flush();
  await paused;
  checkJobText(job, {
    executionHistory: `[${START},{${AT},"data":{"n":0},"event":"output","routine":"clerk","type":"emit"}]`,
    nextTaskId: "3",
    pausePoints: `[{${AT}}]`,
    pendingTasks:
      `[{${CREATED},"data":{"what":"walk","n":2},"id":1,"parked":true,"progress":{"at":1},"routine":"clerk",` +
      `"slot":"steps","step":1},{"connection":{"event":"output","routine":"clerk"},${CREATED},"data":{"n":0},"id":2,` +
      `"routine":"clerk","slot":"kept"}]`,
    status: '"paused"',
  });
});

test("C226 delays and priorities, and the connection by which a task came", async () => {
  const { flow, clerk, timers } = createDocumentFlow();
  const job = flow.execute(clerk.input, { what: "send", n: 1 });
  const paused = pauseWhen(flow, job, ({ pendingTasks }) => pendingTasks.length === 2);
  await timers.flush();
  await paused;
  assertEquals(
    JSON.stringify(job.toJSON().pendingTasks),
    [
      `[{"connection":{"event":"output","routine":"clerk"},${CREATED},"data":{"n":1},"id":2,"priority":"high",`,
      `"routine":"clerk","slot":"kept"},{"connection":{"event":"output","routine":"clerk"},${CREATED},"data":{"n":2},`,
      `"id":3,"notBefore":"1970-01-01T00:00:00.250Z","priority":"low","routine":"clerk","slot":"kept"}]`,
    ].join(""),
  );
});

test("C384 shared data, log, outputs, state and deferred events, values tagged, the user's keys in their order", async () => {
  const { flow, clerk, timers } = createDocumentFlow();
  const job = flow.execute(clerk.input, { what: "all", n: 7 });
  const paused = pauseWhen(flow, job, ({ sharedLog: { length } }) => length === 1);
  await timers.flush();
  await paused;
  checkJobText(job, {
    deferredEvents: '[{"data":{"n":{"$type":"bigint","value":"1"}},"event":"late","routine":"clerk"},' +
      '{"data":null,"event":"output","routine":"clerk"}]',
    executionHistory: `[${START}]`,
    nextTaskId: "2",
    outputLog:
      `[{${AT},"data":"hello","routine":"clerk","type":"greeting"},{${AT},"routine":"clerk","type":"nothing"}]`,
    pausePoints: `[{${AT}}]`,
    pendingTasks: "[]",
    routineStates: '{"clerk":{"state":{"seen":{"$type":"Set","value":[7]}},"status":"completed","version":1}}',
    sharedData: '{"zebra":{"b":1,"a":[{"$type":"Date","value":"1970-01-01T00:00:00.000Z"}]},' +
      '"apple":{"$type":"Point","value":{"x":1,"y":2}}}',
    sharedLog: `[{${AT},"entry":{"level":"info","at":{"$type":"Point","value":{"x":0,"y":0}}},"routine":"clerk"}]`,
    status: '"paused"',
  });
});

test("what bounded lists have dropped is counted", async () => {
  const { flow, clerk, timers } = createDocumentFlow({ limits: { history: 1, outputs: 1, log: 0 } });
  const job = flow.execute(clerk.input, { what: "all" });
  await timers.flush();
  const { dropped, executionHistory, outputLog, sharedLog } = job.toJSON();
  assertEquals(JSON.stringify(dropped), '{"executionHistory":3,"outputLog":1,"sharedLog":1}');
  assertEquals([executionHistory?.length, outputLog?.length, sharedLog], [1, 1, undefined]);
  assertEquals(executionHistory?.[0]?.type, "start");
  assertEquals(outputLog?.[0]?.type, "nothing");
});
