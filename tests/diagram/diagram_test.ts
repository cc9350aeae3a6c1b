import { test } from "node:test";
import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { type Context, ErrorHandler, Flow, Routine, SerializationError } from "../../mod.ts";
import { toDot, toMermaid, toSvg } from "../../src/diagram/mod.ts";
import { createTestFlow } from "../support/test_flow.ts";
import { hostileDocuments } from "./sample_diagrams.ts";

class Source extends Routine {
  readonly trigger = this.addSlot("trigger", this.send);
  readonly output = this.addEvent<{ n: number }>("output");
  send(_params: unknown, ctx: Context): void {
    for (let n = 0; n < 3; n++) ctx.emit(this.output, { n });
  }
}
class Worker extends Routine {
  readonly input = this.addSlot("input", this.work);
  readonly answer = this.addSlot("answer", this.end);
  readonly tick = this.addTimer("tick", this.end);
  work({ n }: { n: number }, ctx: Context): void {
    if (n === 0) ctx.expect(this.answer, { timeoutMs: 60_000 });
    if (n === 1) ctx.emit(this.tick, {}, { delayMs: 1_000 });
    if (n === 2) throw new RangeError("no paper");
  }
  end(): void {}
}

function sampleFlow() {
  const { flow } = createTestFlow();
  flow.registry.register({ Source, Worker });
  const source = flow.addRoutine(new Source(), "source");
  const worker = flow.addRoutine(new Worker(), "worker");
  worker.setErrorHandler(new ErrorHandler({ strategy: "continue" }));
  flow.connect(source.output, worker.input, { mapping: { n: "n" } });
  return { flow, source };
}

async function sampleDocuments() {
  const { flow, source } = sampleFlow();
  const job = flow.execute(source.trigger, {}, { jobId: "job" });
  await flow.settle(job);
  return { flow: flow.toJSON(), job: job.toJSON() };
}

test("a flow's diagram has its routines, connections, timers, and the slots that are reached from outside", () => {
  assertEquals(toMermaid(sampleFlow().flow.toJSON()).split("\n"), [
    "flowchart LR",
    '  r0["source<br/>Source"]:::idle',
    '  r1["worker<br/>Worker"]:::idle',
    '  o0(["trigger"]):::idle',
    '  o1(["answer"]):::idle',
    '  r0 -- "output → input #40;n as n#41;" --> r1',
    "  o0 -.-> r0",
    "  o1 -.-> r1",
    '  r1 -. "timer tick" .-> r1',
    "  classDef idle fill:#ffffff,stroke:#6b7280,color:#1f2937",
    "",
  ]);
});

test("a job's diagram says what each routine does, what was delivered, and what is awaited until when", async () => {
  const { flow, job } = await sampleDocuments();
  const lines = toMermaid(flow, { job }).split("\n");
  assertEquals(lines.slice(1, 9), [
    '  r0["source<br/>Source<br/>completed"]:::completed',
    '  r1["worker<br/>Worker<br/>error#44; continued<br/>1 waiting#44; 1 awaiting#44; 1 failed"]:::awaiting',
    '  o0(["trigger"]):::idle',
    '  o1(["answer<br/>awaited until 1970#45;01#45;01 00#58;01 UTC"]):::awaiting',
    '  r0 -- "output → input #40;n as n#41; ×3" --> r1',
    "  o0 -.-> r0",
    "  o1 -.-> r1",
    '  r1 -. "timer tick ×1" .-> r1',
  ]);
});

test("what differs in the diagrams of DOT and SVG is seen in their attributes", async () => {
  const { flow, job } = await sampleDocuments();
  const dot = toDot(flow, { job });
  assertMatch(dot, /^digraph "job" \{\n/);
  assertMatch(dot, /o1 -> r1 \[label="", color="#6b46c1", style=dashed\];/);
  const svg = toSvg(flow, { job });
  assertMatch(svg, /^<svg [^>]*role="img"[^>]*>\n<title>job<\/title>/);
  assertMatch(svg, /<g class="routilux-node routilux-awaiting"><title>worker<\/title>/);
  assertMatch(svg, /<g class="routilux-edge routilux-timer routilux-edge-completed">/);
});

test("children are drawn together by their flow, as what the job waits for, and their arrows as what was asked and is to come", async () => {
  const { flow, job } = await sampleDocuments();
  const jobs = ["first", "second"].map((jobId) => ({ jobId, routine: "worker", to: "answer" }));
  const children = [{ flowId: "parts", jobs }, { flowId: "alone", jobs: [{ jobId: "third", routine: "source" }] }];
  const asks = { ...job, children };
  const lines = toMermaid(flow, { job: asks }).split("\n");
  const drawn = (start: RegExp) => lines.filter((line) => start.test(line));
  assertEquals(drawn(/^ {2}c\d\[/), [
    '  c0[["parts<br/>2 children"]]:::waiting',
    '  c1[["alone<br/>1 child"]]:::waiting',
  ]);
  assertEquals(drawn(/^ {2}(\w+ =|c\d [-=])/), [
    "  r1 ==> c0",
    '  c0 == "→ answer" ==> r1',
    "  r0 ==> c1",
  ]);
  assertEquals(drawn(/classDef waiting/), [
    "  classDef waiting fill:#fdf3dc,stroke:#b7791f,color:#4a3208,stroke-dasharray:4 3",
  ]);
  const dot = toDot(flow, { job: asks });
  assertMatch(
    dot,
    /c0 \[label="parts\\n2 children", fillcolor="#fdf3dc", color="#b7791f", fontcolor="#4a3208", peripheries=2\];/,
  );
  assertMatch(dot, /r1 -> c0 \[label="", color="#2f855a", style=bold\];/);
  assertMatch(dot, /c0 -> r1 \[label="→ answer", color="#6b7280", style=bold\];/);
  const svg = toSvg(flow, { job: asks });
  assertMatch(svg, /<g class="routilux-node routilux-waiting"><title>parts<\/title>/);
  assertMatch(svg, /<g class="routilux-edge routilux-child routilux-edge-completed">/);
  assertMatch(svg, /<g class="routilux-edge routilux-child routilux-edge-idle">/);
});

test("a routine that only the job has is drawn, and said not to be in the flow", async () => {
  const { flow, job } = await sampleDocuments();
  const state = { status: "completed", version: 1 };
  assertMatch(toMermaid(flow, { job: { ...job, routineStates: { gone: state } } }), /"gone<br\/>not in the flow/);
});

test("a connection to a routine that the flow does not have is drawn to a box that says so", async () => {
  const { flow } = await sampleDocuments();
  const { worker: _worker, ...routines } = flow.routines;
  const lines = toMermaid({ ...flow, routines }).split("\n");
  assertEquals(lines[2], '  r1["worker<br/>not in the flow"]:::missing');
  assertEquals(toSvg({ ...flow, routines }).includes("not in the flow"), true);
});

test("failures have arrows of their own: of all slots of a routine or of one, of all errors or of some", () => {
  const failureConnections = [
    { from: { routine: "worker" }, to: { routine: "worker", slot: "answer" } },
    {
      errors: ["RangeError", 404],
      from: { routine: "source", slot: "trigger" },
      to: { routine: "worker", slot: "answer" },
    },
  ];
  const lines = toMermaid({ ...sampleFlow().flow.toJSON(), failureConnections }).split("\n");
  assertEquals(lines.filter((it) => it.includes("failure")), [
    '  r1 -. "failure → answer" .-> r1',
    '  r0 -. "failure RangeError#44; 404 of trigger → answer" .-> r1',
  ]);
  assertEquals(lines.some((it) => it.includes('(["answer"])')), false, "it is reached from inside");
});

test("a failure connection to a routine that the flow does not have is drawn to a box that says so", () => {
  const document = sampleFlow().flow.toJSON();
  const failureConnections = [{ from: { routine: "a b" }, to: { routine: "c d", slot: "x" } }];
  const lines = toMermaid({ ...document, failureConnections }).split("\n");
  assertEquals(lines.filter((it) => it.includes("not in the flow") || it.includes("failure")), [
    '  r2["a b<br/>not in the flow"]:::missing',
    '  r3["c d<br/>not in the flow"]:::missing',
    '  r2 -. "failure → x" .-> r3',
  ]);
});

test("of several awaited answers the one that must come first is said", async () => {
  const { flow, job } = await sampleDocuments();
  const { executionHistory: _history, ...rest } = job;
  const task = { createdAt: job.createdAt, routine: "worker", slot: "answer" };
  const ends = [undefined, "2026-01-03T00:00:00.000Z", "2026-01-02T00:00:00.000Z", undefined];
  const pendingTasks = ends.map((until, index) => ({
    ...task,
    id: 9 + index,
    awaiting: until === undefined ? {} : { timeoutMs: 5, until },
  }));
  const drawn = toMermaid(flow, { job: { ...rest, nextTaskId: 20, pendingTasks } });
  assertMatch(drawn, /awaited until 2026#45;01#45;02 00#58;00 UTC/);
});

test("an awaited answer says which slot is told when it has not come", async () => {
  const { flow, job } = await sampleDocuments();
  const awaiting = { onTimeout: "tick", timeoutMs: 5, until: "2026-01-02T00:00:00.000Z" };
  const task = { awaiting, createdAt: job.createdAt, id: 9, routine: "worker", slot: "answer" };
  const { executionHistory: _history, ...rest } = job;
  const drawn = toMermaid(flow, { job: { ...rest, nextTaskId: 10, pendingTasks: [task] } });
  assertMatch(drawn, /awaited until 2026#45;01#45;02 00#58;00 UTC#44; then tick/);
  assertMatch(drawn, /"output → input #40;n as n#41;"/);
});

test("a routine looks like what matters most: a failure, then what its tasks do, then its outcome", async () => {
  const { flow, job } = await sampleDocuments();
  const at = job.createdAt;
  const look = (status: string | undefined, more: object | undefined) => {
    const states = { worker: { version: 1, ...(status === undefined ? {} : { status }) } };
    const pendingTasks = more === undefined
      ? []
      : [{ createdAt: at, data: {}, id: 1, routine: "worker", slot: "input", ...more }];
    const drawn = toMermaid(flow, { job: { ...job, failures: [], pendingTasks, routineStates: states } });
    return /r1\[.*:::(\w+)/.exec(drawn)?.[1];
  };
  assertEquals(look("failed", { active: true }), "failed");
  assertEquals(look("skipped", { active: true }), "active");
  assertEquals(look("completed", { notBefore: at }), "waiting");
  assertEquals(look(undefined, { parked: true, progress: 1 }), "ready");
  assertEquals([look("error_continued", undefined), look("skipped", undefined), look(undefined, undefined)], [
    "continued",
    "skipped",
    "idle",
  ]);
});

test("a routine's box counts what its tasks do, what has failed, and how often it was tried again", async () => {
  const { flow, job } = await sampleDocuments();
  const at = job.createdAt;
  const task = (id: number, more: object) => ({
    createdAt: at,
    data: {},
    id,
    routine: "worker",
    slot: "input",
    ...more,
  });
  const pendingTasks = [
    task(1, { active: true }),
    task(2, { active: true }),
    task(3, {}),
    task(4, { parked: true, progress: 1 }),
    task(5, { attempt: 2, notBefore: at }),
    task(6, { awaiting: {}, data: undefined, slot: "answer" }),
  ].map((it) => JSON.parse(JSON.stringify(it)));
  const drawn = toDot(flow, { job: { ...job, nextTaskId: 20, pendingTasks } });
  assertMatch(drawn, /2 active, 2 pending, 1 waiting, 1 awaiting, 1 failed, 2 retries/);
});

for (const draw of [toMermaid, toDot, toSvg]) {
  test(`${draw.name}() gives the same text for the same documents, whatever the order of their keys`, () => {
    const { flow, job } = hostileDocuments();
    const turned = (document: object) => Object.fromEntries(Object.entries(document).reverse());
    const routines = turned(flow.routines);
    assertEquals(draw(turned({ ...flow, routines }), { job: turned(job) }), draw(flow, { job }));
  });

  test(`${draw.name}() draws a flow without routines`, () => {
    assertMatch(draw(new Flow({ id: "empty" }).toJSON()), /\n$/);
  });

  test(`${draw.name}() refuses other documents, and a job of another flow`, async () => {
    const { flow, job } = await sampleDocuments();
    assertThrows(() => draw({ ...flow, maxWorkers: 0 }), SerializationError, "maxWorkers");
    assertThrows(() => draw(flow, { job: { ...job, ranMs: "" } }), SerializationError, "ranMs");
    assertThrows(() => draw(flow, { job: { ...job, flowId: "other" } }), TypeError, 'a job of flow "other"');
  });
}

test("an SVG image has no markup of users, no control characters and no script", () => {
  const { flow, job } = hostileDocuments();
  const svg = toSvg(flow, { job });
  const tags = new Set(Array.from(svg.matchAll(/<\/?([^\s>\/]+)/g), ([, tag]) => tag));
  assertEquals([...tags].sort(), ["defs", "g", "marker", "path", "rect", "style", "svg", "text", "title"]);
  // deno-lint-ignore no-control-regex
  assertEquals(/[\u0000-\u0009\u000b-\u001f\u202e\p{Surrogate}]/u.test(svg), false);
  assertEquals(/\son\w+\s*=|javascript:|href/i.test(svg.replaceAll(/>[^<]*</g, "><")), false);
});

test("long names are shortened, and whole in the titles of an SVG image", () => {
  const { flow } = hostileDocuments();
  assertEquals(/x{60}/.test(toMermaid(flow)), false);
  assertMatch(toSvg(flow), /<title>x{200}<\/title>/);
});

test("a box has room for a name of wide letters", () => {
  const { flow } = createTestFlow();
  flow.registry.register({ Source });
  flow.addRoutine(new Source(), "w".repeat(40));
  const widths = Array.from(
    toSvg(flow.toJSON()).matchAll(/<rect [^>]*width="([\d.]+)"/g),
    ([, width]) => Number(width),
  );
  // A bold "w" of this size is 11.5 pixels wide in DejaVu Sans.
  assertEquals(Math.max(...widths) >= 40 * 11.5, true, widths.join());
});

test("the places of an image are finite, and inside of it", () => {
  const { flow, job } = hostileDocuments();
  const svg = toSvg(flow, { job });
  const [, width = 0, height = 0] = /width="(\d+)" height="(\d+)"/.exec(svg)?.map(Number) ?? [];
  assertEquals(/NaN|Infinity|undefined/.test(svg.replaceAll(/>[^<]*</g, "><")), false);
  for (
    const [, x, y, w, h] of svg.matchAll(/<rect x="(-?[\d.]+)" y="(-?[\d.]+)" width="([\d.]+)" height="([\d.]+)" rx/g)
  ) {
    const right = Number(x) + Number(w);
    const bottom = Number(y) + Number(h);
    assertEquals(Number(x) >= 0 && Number(y) >= 0 && right <= width && bottom <= height, true);
  }
});

class Apology extends Routine {
  readonly failed = this.addSlot("failed", this.write);
  write(): void {}
}

test("failure connections look different, and say of which slot and which errors they are", () => {
  const { flow } = createTestFlow();
  flow.registry.register({ Apology, Source });
  const source = flow.addRoutine(new Source(), "source");
  const apology = flow.addRoutine(new Apology(), "apology");
  flow.connectFailure(source.trigger, apology.failed, { errors: ["RangeError", "E1"] });
  flow.connectFailure(source, apology.failed);
  const document = flow.toJSON();
  assertEquals(toMermaid(document).split("\n").filter((it) => it.includes("failure")), [
    '  r1 -. "failure RangeError#44; E1 of trigger → failed" .-> r0',
    '  r1 -. "failure → failed" .-> r0',
  ]);
  assertMatch(toDot(document), /r1 -> r0 \[label="failure RangeError, E1 of trigger → failed", .* style=dashed\];/);
  assertMatch(toSvg(document), /routilux-failure routilux-edge-idle"><path [^>]*stroke-dasharray="8 3"/);
});
