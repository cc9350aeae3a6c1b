import { assertEquals } from "@std/assert";
import { test } from "node:test";
import {
  type ChildEnd,
  type Context,
  Engine,
  Flow,
  type FlowJson,
  Registry,
  Routine,
  type StandardSchema,
} from "../../mod.ts";
import { memoryStore } from "../../src/stores/memory_store.ts";
import { manualIds, manualTimers } from "../../src/testing/mod.ts";

// What a handler may say of a child, and what is refused where it says it.

const REFUSES_TEXTS: StandardSchema<{ n: number }> = {
  "~standard": {
    version: 1,
    vendor: "test",
    validate: (value) => {
      const n = typeof value === "object" && value !== null && "n" in value ? value.n : undefined;
      return typeof n === "number" ? { value: { n } } : { issues: [{ message: "n is no number" }] };
    },
  },
};

class Square extends Routine {
  readonly trigger = this.addSlot("trigger", this.square);
  readonly other = this.addSlot("other", this.square, { schema: REFUSES_TEXTS });
  square({ n }: { n: number }, ctx: Context): void {
    ctx.result(n * n);
  }
}

class Asker extends Routine {
  readonly trigger = this.addSlot("trigger", this.ask);
  readonly ended = this.addSlot("ended", this.end);
  async ask(_params: unknown, ctx: Context): Promise<void> {
    await ask(this, ctx);
  }
  end(_end: ChildEnd<number>): void {}
}

let ask: (asker: Asker, ctx: Context) => Promise<void> = async () => {};

/** Runs a job whose handler asks for children: what has become of it, of its children, and of what it was refused. */
async function askFor(
  how: (asker: Asker, ctx: Context, child: Flow<number>, square: Square) => unknown,
  limits: { readonly children?: number } = {},
) {
  const registry = new Registry({ Asker, Square });
  const timers = manualTimers();
  const engine = new Engine({ timers, ids: manualIds(), registry, store: memoryStore() });
  const child = new Flow<number>({ id: "child", registry, engine });
  const square = child.addRoutine(new Square(), "square");
  const flow = new Flow({ id: "asking", registry, engine, limits });
  flow.addRoutine(new Asker(), "asker");
  let refusal = "";
  ask = async (asker, ctx) => {
    try {
      await how(asker, ctx, child, square);
    } catch (error) {
      refusal = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    }
  };
  const worker = engine.work();
  const labels = { jobId: "job", queue: "own", priority: "low", tags: { of: "job" } } as const;
  const job = await flow.start("asker", {}, labels);
  await timers.advance(60_000);
  const { status } = await job.read();
  const { jobs } = await engine.list({ flowId: "child" });
  const children = await Promise.all(jobs.map(async ({ jobId, parentId, queue, priority, tags }) => ({
    ...{ jobId, parentId, queue, priority, tags },
    result: (await engine.handle(jobId).read()).result,
  })));
  await worker.stop();
  await engine.close();
  return { status, refusal, children };
}

const NAME = 'must be a non-empty string (and none of __proto__, constructor, prototype), not ""';
const OWN = { parentId: "job", queue: "own", priority: 2, tags: { of: "job" } };

test("C455 a child has the queue, the priority and the tags that are said of it, or those of its parent", async () => {
  const { children, refusal, status } = await askFor((asker, ctx, flow) => {
    const tags = { of: "child" };
    ctx.child(flow, "square", { n: 2 }, { to: asker.ended, key: "a", queue: "fast", priority: "high", tags });
    tags.of = "changed later";
    ctx.child(flow, "square", { n: 3 }, { to: asker.ended, key: "b" });
  });
  assertEquals([status, refusal], ["completed", ""]);
  assertEquals(children.toSorted((a, b) => a.jobId < b.jobId ? -1 : 1), [
    { jobId: "job/1/0/a", parentId: "job", queue: "fast", priority: 0, tags: { of: "child" }, result: 4 },
    { jobId: "job/1/0/b", ...OWN, result: 9 },
  ]);
});

test("C449 a child begins at a slot, a routine, or a place by its names, of a flow or of its document", async () => {
  const entries: Readonly<Record<string, (asker: Asker, ctx: Context, flow: Flow<number>, square: Square) => unknown>> =
    {
      slot: ({ ended: to }, ctx, flow, { other }) => ctx.child(flow, other, { n: 2 }, { to }),
      routine: ({ ended: to }, ctx, flow, square) => ctx.child(flow, square, { n: 2 }, { to }),
      id: ({ ended: to }, ctx, flow) => ctx.child(flow, "square", { n: 2 }, { to }),
      names: ({ ended: to }, ctx, flow) => ctx.child(flow, { routine: "square", slot: "other" }, { n: 2 }, { to }),
      idInDocument: ({ ended: to }, ctx, flow) => ctx.child(documentOf(flow), "square", { n: 2 }, { to }),
      namesInDocument: ({ ended: to }, ctx, flow) => {
        ctx.child(documentOf(flow), { routine: "square", slot: "other" }, { n: 2 }, { to });
      },
    };
  for (const [name, how] of Object.entries(entries)) {
    const { children, refusal, status } = await askFor(how);
    const expected = [{ jobId: "job/1/0/0", ...OWN, result: 4 }];
    assertEquals([name, status, refusal, children], [name, "completed", "", expected]);
  }
});

test("C455 what is said wrong of a child is refused where it is said, and none is started", async () => {
  const action = 'Cannot start a child of routine "asker"';
  const cases: Readonly<Record<string, (asker: Asker, ctx: Context, flow: Flow<number>, square: Square) => unknown>> = {
    [`TypeError: ${action}: the options must be { to: slot } or { detached: true }, got 5`]: (_, ctx, flow) =>
      ctx.child(flow, "square", { n: 2 }, 5 as never),
    [`TypeError: ${action}: only a detached child has an id of its own; give it a key`]: ({ ended: to }, ctx, flow) =>
      ctx.child(flow, "square", { n: 2 }, { to, jobId: "own" } as never),
    [`TypeError: ${action}: unknown option "keys"; did you mean "key"?`]: ({ ended: to }, ctx, flow) =>
      ctx.child(flow, "square", { n: 2 }, { to, keys: "a" } as never),
    [`TypeError: ${action}: the key ${NAME}`]: ({ ended: to }, ctx, flow) =>
      ctx.child(flow, "square", { n: 2 }, { to, key: "" }),
    [`TypeError: ${action}: the jobId ${NAME}`]: (_, ctx, flow) =>
      ctx.child(flow, "square", { n: 2 }, { detached: true, jobId: "" }),
    [`RangeError: ${action}: the id of the child, made of its job's id and its key, must have at most 1024 bytes of UTF-8, it has 1028`]:
      ({ ended: to }, ctx, flow) => ctx.child(flow, "square", { n: 2 }, { to, key: "k".repeat(1_020) }),
    [`TypeError: ${action}: the queue ${NAME}`]: ({ ended: to }, ctx, flow) =>
      ctx.child(flow, "square", { n: 2 }, { to, queue: "" }),
    [`TypeError: ${action}: the tags.of ${NAME}`]: ({ ended: to }, ctx, flow) =>
      ctx.child(flow, "square", { n: 2 }, { to, tags: { of: "" } }),
    [`TypeError: ${action}: priority must be one of "high", "normal", "low", current value is "urgent"`]: (
      { ended: to },
      ctx,
      flow,
    ) => ctx.child(flow, "square", { n: 2 }, { to, priority: "urgent" as never }),
    [`TypeError: ${action}: flow "child" is given as a document; name the routine and the slot where it begins`]: (
      { ended: to },
      ctx,
      flow,
      square,
    ) => ctx.child(documentOf(flow), square.trigger as unknown as string, { n: 2 }, { to }),
    [`TypeError: ${action}: flow "child" has no routine "square" with a slot "side"`]: ({ ended: to }, ctx, flow) =>
      ctx.child(documentOf(flow), { routine: "square", slot: "side" }, { n: 2 }, { to }),
    [`TypeError: ${action}: flow "child" has no routine "circle" with a slot "trigger"`]: ({ ended: to }, ctx, flow) =>
      ctx.child(documentOf(flow), "circle", { n: 2 }, { to }),
    [`SchemaError: ${action}: a job of flow "child": params for slot "other" does not fit its schema: n is no number`]:
      (
        { ended: to },
        ctx,
        flow,
        { other },
      ) => ctx.child(flow, other, { n: "2" as never }, { to }),
  };
  for (const [expected, how] of Object.entries(cases)) {
    const { children, refusal, status } = await askFor(how);
    assertEquals([refusal, status, children], [expected, "completed", []]);
  }
});

test("C455 a child of an earlier step counts, and has its id for itself", async () => {
  const inTwoSteps = (second: object) => async ({ ended: to }: Asker, ctx: Context, flow: Flow<number>) => {
    ctx.child(flow, "square", { n: 2 }, { to, key: "a" });
    await ctx.checkpoint();
    ctx.child(flow, "square", { n: 3 }, { to, ...second } as never);
  };
  const action = 'Cannot start a child of routine "asker"';
  const taken = await askFor(inTwoSteps({ to: undefined, detached: true, jobId: "job/1/0/a" }));
  assertEquals(taken.refusal, `TypeError: ${action}: it has a child "job/1/0/a" already; give each a key of its own`);
  const tooMany = await askFor(inTwoSteps({ key: "b" }), { children: 1 });
  const limit = "its job has 1 children already, as many as limits.children allows";
  assertEquals(tooMany.refusal, `RangeError: ${action}: ${limit}`);
  for (const { children, status } of [taken, tooMany]) {
    assertEquals([status, children.map(({ result }) => result)], ["completed", [4]]);
  }
});

function documentOf(flow: Flow<number>): FlowJson {
  return JSON.parse(JSON.stringify(flow));
}
