import { assertEquals, assertThrows } from "@std/assert";
import { test } from "node:test";
import { JobState, type Registry, SerializationError } from "../../mod.ts";
import type { JobDocument } from "../../src/documents/mod.ts";
import { fullJob, type Place, withValueAt } from "../support/full_job_document.ts";
import { createDocumentFlow, documentRegistry } from "../support/document_flow.ts";

function refusal(json: unknown): { readonly path: string; readonly message: string } {
  const before = JSON.stringify(json);
  const error = assertThrows(() => JobState.fromJSON(json, documentRegistry), SerializationError);
  assertEquals(JSON.stringify(json), before, "the document was changed");
  assertEquals(error.document, "routilux/job");
  return { path: error.path, message: error.message };
}

function check(place: Place, value: unknown, path: string, expectedAndGot: string): void {
  const message = `Cannot read routilux/job: ${path}: ${expectedAndGot}`;
  assertEquals(refusal(withValueAt(fullJob(), place, value)), { path, message });
}

test("a document in which every part has something in it can be read, and is written to the same bytes", () => {
  const text = JSON.stringify(fullJob());
  assertEquals(JSON.stringify(JobState.fromJSON(JSON.parse(text), documentRegistry)), text);
});

test("a text instead of an object is refused with what to do", () => {
  const message = "Cannot read routilux/job: expected an object, got a text; call JSON.parse first";
  assertEquals(refusal(JSON.stringify(fullJob())), { path: "", message });
  assertEquals(refusal("no JSON at all"), { path: "", message });
});

test("what is no object is refused", () => {
  for (
    const [json, got] of [[null, "null"], [undefined, "undefined"], [[fullJob()], "an array"], [7, "7"], [true, "true"]]
  ) {
    assertEquals(refusal(json).message, `Cannot read routilux/job: expected an object, got ${got}`);
  }
});

test("C247 a truncated text is refused by the parser already, a truncated document by its missing parts", () => {
  const text = JSON.stringify(fullJob());
  assertThrows(() => JSON.parse(text.slice(0, -20)), SyntaxError);
  const { jobId: _jobId, ...rest } = fullJob();
  assertEquals(refusal(rest).path, "jobId");
  assertEquals(refusal({ format: "routilux/job", version: 1 }).path, "createdAt");
  assertEquals(refusal({}).message, 'Cannot read routilux/job: format: expected "routilux/job", got nothing');
});

test("C248 another format is refused, a flow's above all", () => {
  const { flow } = createDocumentFlow();
  assertEquals(
    refusal(flow.toJSON()).message,
    'Cannot read routilux/job: format: expected "routilux/job", got "routilux/flow"',
  );
  assertEquals(
    refusal({ invalid: "structure" }).message,
    'Cannot read routilux/job: format: expected "routilux/job", got nothing',
  );
});

test("a newer version is refused with what to do", () => {
  check(["version"], 2, "version", "expected at most 1, got 2; it was written by a newer routilux, update this one");
});

test("an empty name is refused as one", () => {
  for (const place of [["flowId"], ["jobId"]]) {
    check(place, "", place.join("."), 'expected a name that is not empty, got ""');
  }
});

test("unknown keys of the library's are refused at every level, whatever they are called", () => {
  const levels: readonly (readonly [Place, string])[] = [
    [[], ""],
    [["pendingTasks", 0], "pendingTasks[0]."],
    [["pendingTasks", 0, "merged"], "pendingTasks[0].merged."],
    [["pendingTasks", 1, "connection"], "pendingTasks[1].connection."],
    [["failures", 0, "task"], "failures[0].task."],
    [["routineStates", "clerk"], "routineStates.clerk."],
    [["slots", "clerk", "lists", "lists", 0], "slots.clerk.lists.lists[0]."],
    [["dropped"], "dropped."],
  ];
  for (const [level, path] of levels) {
    for (const key of ["extra", "toString", "constructor", "__proto__", "hasOwnProperty", "prototype"]) {
      check([...level, key], 1, `${path}${key}`, `expected no key of this name, got "${key}"`);
    }
  }
});

test("a key of a task is one that was written", () => {
  const expected = "expected twelve digits and letters that were written as a key, got";
  for (const key of ["", "000000000000", "zzzzzzzzzzzz"]) {
    check(["pendingTasks", 1, "key"], key, "pendingTasks[1].key", `${expected} "${key}"`);
  }
});

test("__proto__ as a name of a routine, a slot, a list's values or in data is refused, and nothing is polluted", () => {
  const evil = { polluted: true };
  for (const place of [["sharedData"], ["routineStates", "clerk", "state"], ["pendingTasks", 0, "data"]] as const) {
    const path = `${place.map((key) => typeof key === "number" ? `[${key}]` : `.${key}`).join("").slice(1)}.__proto__`;
    check([...place, "__proto__"], evil, path, "expected no key of this name, got one");
  }
  for (const place of [["slots"], ["slots", "clerk"], ["routineStates"]] as const) {
    const path = place.join(".");
    check([...place, "__proto__"], {}, path, "expected an object whose keys are names, got an object");
  }
  const item: Place = ["slots", "clerk", "lists", "lists", 0, "items", 0];
  const path = "slots.clerk.lists.lists[0].items[0].__proto__";
  check(item, JSON.parse('{"__proto__":{"polluted":true}}'), path, "expected no key of this name, got one");
  assertEquals("polluted" in {}, false);
});

test("keys that every object inherits are data like any other in the user's own values", () => {
  const values = JSON.parse('{"constructor":1,"toString":2,"hasOwnProperty":{"valueOf":3}}');
  const document = withValueAt(fullJob(), ["sharedData"], values);
  const job = JobState.fromJSON(document, documentRegistry);
  assertEquals(JSON.stringify(job.sharedData), '{"constructor":1,"toString":2,"hasOwnProperty":{"valueOf":3}}');
});

test("C204 words that nobody knows are refused", () => {
  check(
    ["status"],
    "zombie",
    "status",
    'expected ("pending" | "running" | "paused" | "completed" | "failed" | "cancelled"), got "zombie"',
  );
  check(
    ["pendingTasks", 1, "priority"],
    "urgent",
    "pendingTasks[1].priority",
    'expected ("high" | "low" | "last"), got "urgent"',
  );
  check(
    ["routineStates", "clerk", "status"],
    "error",
    "routineStates.clerk.status",
    'expected ("failed" | "error_continued" | "skipped" | "completed"), got "error"',
  );
});

test("instants are ISO 8601 in UTC with milliseconds, on days that exist", () => {
  for (
    const text of ["1970-01-01", "1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000+01:00", "1970-02-30T00:00:00.000Z"]
  ) {
    check(["createdAt"], text, "createdAt", `expected ISO 8601 in UTC with milliseconds, got "${text}"`);
  }
  check(["updatedAt"], 0, "updatedAt", "expected string, got 0");
});

test("tags with a wrong content are refused, so are unknown forms of tags", () => {
  const cases: readonly (readonly [unknown, string])[] = [
    [{ $type: "Date", value: "yesterday" }, 'expected the value of a Date, got "yesterday"'],
    [{ $type: "bigint", value: "1.5" }, 'expected the value of a bigint, got "1.5"'],
    [{ $type: "Uint8Array", value: "?" }, 'expected the value of a Uint8Array, got "?"'],
    [{ $type: "Map", value: [[1]] }, "expected the value of a Map, got an array"],
    [{ $type: "Set", value: {} }, "expected the value of a Set, got an object"],
    [{ $type: "Error", value: { name: 1 } }, "expected the value of an Error, got an object"],
    [{ $type: "Date" }, 'expected a tagged value, { "$type": name, "value": … }, got "Date"'],
    [{ $type: "Date", value: null, more: 1 }, 'expected a tagged value, { "$type": name, "value": … }, got "Date"'],
    [{ $type: 7, value: null }, 'expected a tagged value, { "$type": name, "value": … }, got 7'],
  ];
  for (const [value, text] of cases) {
    check(["sharedData", "when"], value, "sharedData.when", text.replace("an Error", "a Error"));
  }
});

test("values deeper than allowed are refused, where they are written and where they are read", () => {
  const nest = (depth: number): unknown => depth === 0 ? 1 : [nest(depth - 1)];
  const path = `sharedData.when${"[0]".repeat(101)}`;
  check(
    ["sharedData", "when"],
    nest(102),
    path,
    "expected nesting of at most 100 (the limit depth), got deeper nesting",
  );
  const document = withValueAt(fullJob(), ["sharedData", "when"], nest(99));
  assertEquals(JobState.fromJSON(document, documentRegistry).toJSON().sharedData?.["when"], nest(99) as never);
  const limits = { depth: 3 };
  assertEquals(
    assertThrows(() => JobState.fromJSON(document, documentRegistry, { limits }), SerializationError).path,
    "sharedData.when[0][0][0][0]",
  );
});

test("a nesting that would end any call stack is refused in the same way", () => {
  let deep: unknown = 1;
  for (let i = 0; i < 200_000; i++) deep = [deep];
  const document = { ...fullJob(), sharedData: { deep } };
  const { message } = assertThrows(() => JobState.fromJSON(document, documentRegistry), SerializationError);
  assertEquals(message.endsWith("expected nesting of at most 100 (the limit depth), got deeper nesting"), true);
});

test("values larger than allowed are refused", () => {
  const document = { ...fullJob(), sharedData: { list: Array.from({ length: 1_000 }, () => 0) } };
  const nodes = assertThrows(
    () => JobState.fromJSON(document, documentRegistry, { limits: { nodes: 1_000 } }),
    SerializationError,
  );
  assertEquals(
    nodes.message,
    "Cannot read routilux/job: sharedData.list: expected at most 1000 values (the limit " +
      "nodes), got more",
  );
  const bytes = assertThrows(
    () => JobState.fromJSON(document, documentRegistry, { limits: { bytes: 2_000 } }),
    SerializationError,
  );
  assertEquals(
    bytes.message,
    "Cannot read routilux/job: sharedData.list: expected JSON of at most 2000 bytes (the limit bytes), got a longer one",
  );
});

test("merged ranges that the slot's lists do not have are refused", () => {
  const at = (from: number, to: number, key = "n") =>
    [["pendingTasks", 0, "merged", "lists", 0], { from, key, to }] as const;
  const path = "pendingTasks[0].merged.lists";
  check(...at(0, 4), path, 'expected positions from 0 to 3 of the slot\'s list "n", got 0 to 4');
  check(...at(2, 1), path, 'expected positions from 0 to 3 of the slot\'s list "n", got 2 to 1');
  check(...at(3, 5, "m"), path, 'expected positions from 4 to 5 of the slot\'s list "m", got 3 to 5');
  check(...at(0, 1, "other"), path, 'expected positions from 0 to 0 of the slot\'s list "other", got 0 to 1');
});

test("lists that contradict themselves are refused", () => {
  const list: Place = ["slots", "clerk", "lists", "lists", 0];
  check([...list, "cleared"], 4, "slots.clerk.lists.lists[0].cleared", "expected a position from 0 to 3, got 4");
  check([...list, "key"], "m", "slots.clerk.lists.lists[1].key", 'expected each key once, got "m"');
  const range = { from: 0, key: "n", to: 1 };
  const merged: Place = ["pendingTasks", 0, "merged", "lists"];
  check(merged, [range, range], "pendingTasks[0].merged.lists[1].key", 'expected each key once, got "n"');
  check(["slots", "clerk", "lists", "value"], 1, "slots.clerk.lists", "expected a value or lists, got both");
  check(["pendingTasks", 0, "merged", "value"], 1, "pendingTasks[0].merged", "expected a value or lists, got both");
});

test("what is no text of a job is refused as what it should be", () => {
  const read = (text: unknown) =>
    assertThrows(() => JobState.fromText(text as string, documentRegistry), SerializationError);
  assertEquals(read(fullJob()).message, "Cannot read routilux/job: expected a text, got an object");
  const broken = read('{"format":');
  assertEquals([broken.message, broken.document], ["Cannot read routilux/job: the text is no JSON", "routilux/job"]);
  assertEquals(broken.cause instanceof SyntaxError, true);
  assertEquals(read('"a"').message, "Cannot read routilux/job: expected an object, got a text; call JSON.parse first");
  assertThrows(() => JobState.fromText("{}", {} as Registry), TypeError, "expected a Registry");
});

test("without a registry nothing is read", () => {
  assertThrows(
    () => JobState.fromJSON(fullJob(), {} as Registry),
    TypeError,
    "Cannot read routilux/job: expected a Registry as the second argument, got an object",
  );
});

test("__proto__ is refused as the key of a slot's list, where a handler would not have seen it", () => {
  const expected = 'expected a key other than __proto__, got "__proto__"';
  const list: Place = ["slots", "clerk", "lists", "lists", 1, "key"];
  check(list, "__proto__", "slots.clerk.lists.lists[1].key", expected);
  const range: Place = ["pendingTasks", 0, "merged", "lists", 0, "key"];
  check(range, "__proto__", "pendingTasks[0].merged.lists[0].key", expected);
});

const CHILDREN: JobDocument["children"] = [
  {
    flow: "{}",
    flowId: "squares",
    jobs: [
      { entry: { params: { n: 2 }, routine: "square", slot: "input" }, jobId: "a", routine: "clerk", to: "kept" },
      {
        entry: { priority: 0, queue: "fast", routine: "square", slot: "input", tags: { of: "7" } },
        jobId: "b",
        routine: "clerk",
      },
    ],
  },
  { flowId: "squares", jobs: [{ jobId: "c", routine: "clerk", to: "kept" }] },
  { flowId: "cubes", jobs: [{ jobId: "d", left: true, routine: "clerk", to: "kept" }] },
];

test("a job with children can be read, says where each stands, and is written to the same bytes", () => {
  const { children: _none, ...document } = fullJob();
  const text = JSON.stringify(Object.fromEntries(
    Object.entries({ ...document, children: CHILDREN }).sort(([a], [b]) => a < b ? -1 : 1),
  ));
  const job = JobState.fromJSON(JSON.parse(text), documentRegistry);
  assertEquals(JSON.stringify(job), text);
  assertEquals(job.children, [
    { flowId: "squares", jobId: "a", routine: "clerk", slot: "kept", status: "unstarted" },
    { flowId: "squares", jobId: "b", routine: "clerk", status: "unstarted" },
    { flowId: "squares", jobId: "c", routine: "clerk", slot: "kept", status: "open" },
    { flowId: "cubes", jobId: "d", routine: "clerk", slot: "kept", status: "left" },
  ]);
});

test("a child that has not been started has a flow and an entry, one that has been has neither", () => {
  const wanted = "an entry or a job where there is a flow, and neither without one";
  const wrong = [
    [[0, "flow"], undefined, "one without a flow, or both"],
    [[1, "flow"], "{}", "neither"],
  ] as const;
  for (const [place, value, got] of wrong) {
    const document = withValueAt({ ...fullJob(), children: CHILDREN }, ["children", ...place], value);
    const path = `children[${place[0]}].jobs[0]`;
    assertEquals(refusal(document), {
      path,
      message: `Cannot read routilux/job: ${path}: expected ${wanted}, got ${got}`,
    });
  }
});

test("a task comes from an event or from a slot that has failed, and from one of them", () => {
  const [expected, path] = ["expected routine, and one of event and slot, got", "pendingTasks[1].connection"];
  check(["pendingTasks", 1, "connection", "event"], undefined, path, `${expected} neither`);
  check(["pendingTasks", 1, "connection", "slot"], "input", path, `${expected} both`);
});

test("tasks of one slot that come from failures of several slots know from which", () => {
  const [task] = fullJob().failures?.map(({ task }) => task) ?? [];
  const origins = [{ slot: "input" }, { slot: "lists" }, { event: "output" }, { event: "late" }];
  const pendingTasks = origins.map((it, index) => ({
    connection: { routine: "clerk", ...it },
    ...task,
    id: 3 + index,
  }));
  const text = JSON.stringify({ ...fullJob(), pendingTasks });
  const job = JobState.fromJSON(JSON.parse(text), documentRegistry);
  assertEquals(job.pendingTasks.map(({ connection }) => connection), pendingTasks.map(({ connection }) => connection));
});
