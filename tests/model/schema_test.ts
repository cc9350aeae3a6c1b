import { test } from "node:test";
import { assertEquals, assertStrictEquals } from "@std/assert";
import * as v from "valibot";
import { type Context, Flow, Routine, type SchemaResult, type StandardSchema } from "../../mod.ts";
import { newManualEngine } from "../support/send_once.ts";
import { plainError } from "../support/plain_error.ts";

const newFlow = (): Flow => new Flow({ id: "flow", engine: newManualEngine() });

function handWritten<Output>(
  check: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>,
): StandardSchema<unknown, Output> {
  return { "~standard": { version: 1, vendor: "by hand", validate: check } };
}

/** Runs a routine whose only event has the schema, and emits the value. */
async function emitThrough(schema: StandardSchema<unknown, unknown>, value: unknown) {
  const received: unknown[] = [];
  class Source extends Routine {
    readonly trigger = this.addSlot("trigger", this.send);
    readonly output = this.addEvent<unknown>("output", { schema });
    send(_params: unknown, ctx: Context): void {
      ctx.emit(this.output, value);
    }
  }
  class Sink extends Routine {
    readonly input = this.addSlot("input", this.take);
    take(data: unknown): void {
      received.push(data);
    }
  }
  const flow = newFlow();
  const source = flow.addRoutine(new Source(), "source");
  flow.connect(source.output, flow.addRoutine(new Sink(), "sink").input);
  return { job: await flow.run(source.trigger), received };
}

/** Runs a routine whose trigger has the schema, on the value. */
async function receiveThrough(schema: StandardSchema<unknown, unknown>, value: unknown) {
  const received: unknown[] = [];
  class Sink extends Routine {
    readonly trigger = this.addSlot("trigger", this.take, { schema });
    take(data: unknown): void {
      received.push(data);
    }
  }
  const flow = newFlow();
  return { job: await flow.run(flow.addRoutine(new Sink(), "sink").trigger, value), received };
}

test("an event's schema lets through what fits, and sends what was emitted", async () => {
  const { job, received } = await emitThrough(v.object({ a: v.number() }), { a: 1, extra: "kept" });
  assertEquals([job.status, received], ["completed", [{ a: 1, extra: "kept" }]]);
});

test("an event's schema refuses at emit, with routine, event and path", async () => {
  const { job, received } = await emitThrough(v.object({ a: v.object({ b: v.number() }) }), { a: { b: "x" } });
  assertEquals([job.status, received, plainError(job)], ["failed", [], {
    name: "SchemaError",
    message: 'Cannot emit "output" of routine "source": data does not fit its schema: ' +
      'a.b: Invalid type: Expected number but received "x"',
  }]);
});

test("a hand-written schema serves as well", async () => {
  const even = handWritten((value) => Number(value) % 2 === 0 ? { value } : { issues: [{ message: "odd" }] });
  assertEquals((await emitThrough(even, 4)).received, [4]);
  assertStrictEquals(
    (await emitThrough(even, 3)).job.error?.message,
    'Cannot emit "output" of routine "source": data does not fit its schema: odd',
  );
});

test("C510 an asynchronous schema is refused where it is used", async () => {
  const slow = handWritten((value) => Promise.resolve({ value }));
  const hint = "the schema is asynchronous; only synchronous schemas can be used";
  assertStrictEquals(
    (await emitThrough(slow, 1)).job.error?.message,
    `Cannot emit "output" of routine "source": data does not fit its schema: ${hint}`,
  );
  assertStrictEquals(
    (await receiveThrough(slow, 1)).job.error?.message,
    `Data for slot "trigger" of routine "sink" does not fit its schema: ${hint}`,
  );
});

test("a slot's schema gives its output to the handler", async () => {
  const schema = v.object({ count: v.optional(v.number(), 7), name: v.pipe(v.string(), v.trim()) });
  const { job, received } = await receiveThrough(schema, { name: "  Ada ", extra: 1 });
  assertEquals([job.status, received], ["completed", [{ count: 7, name: "Ada" }]]);
});

test("a slot's schema refuses as the receiver's error, and the handler does not run", async () => {
  const { job, received } = await receiveThrough(v.object({ name: v.string() }), { name: 5 });
  assertEquals([job.status, received, job.routineStates["sink"]?.status], ["failed", [], "failed"]);
  assertEquals(plainError(job), {
    name: "SchemaError",
    message: 'Data for slot "trigger" of routine "sink" does not fit its schema: ' +
      "name: Invalid type: Expected string but received 5",
  });
});

test("a slot's schema runs once per task, before the merge: retries get what it gave", async () => {
  let checks = 0;
  const counted = handWritten<{ n: number }>((value) => {
    checks++;
    return { value: { n: Number((value as { n: number }).n) * 10 } };
  });
  const seen: unknown[] = [];
  class Flaky extends Routine {
    readonly trigger = this.addSlot("trigger", this.take, { schema: counted, merge: this.join });
    join(old: { n: number } | undefined, next: { n: number }): { n: number } {
      return { n: (old?.n ?? 0) + next.n };
    }
    take(data: unknown, ctx: Context): void {
      seen.push(data);
      if (ctx.attempt < 2) throw new Error("again");
    }
  }
  const flow = newFlow();
  const flaky = flow.addRoutine(new Flaky(), "flaky");
  flaky.setAsCritical({ maxRetries: 2, retryDelayMs: 0 });
  const job = await flow.run("flaky", { n: 1 });
  assertEquals([job.status, checks, seen], ["completed", 1, [{ n: 10 }, { n: 10 }, { n: 10 }]]);
});

test("what a slot's schema gives must be able to travel", async () => {
  const odd = handWritten(() => ({ value: { run: () => 1 } }));
  assertStrictEquals(
    (await receiveThrough(odd, {})).job.error?.message,
    'Data for slot "trigger" of routine "sink": data.run is a function; send what it stands for instead',
  );
});

test("append collects what the schema gives", async () => {
  const lists: unknown[] = [];
  class Gather extends Routine {
    readonly input = this.addSlot("input", this.take, {
      merge: "append",
      schema: v.object({ n: v.pipe(v.string(), v.transform(Number)) }),
    });
    take({ n }: { n: { toArray(): number[] } }): void {
      lists.push(n.toArray());
    }
  }
  class Source extends Routine {
    readonly trigger = this.addSlot("trigger", this.send);
    readonly output = this.addEvent<{ n: string }>("output");
    send(_params: unknown, ctx: Context): void {
      for (const n of ["1", "2"]) ctx.emit(this.output, { n });
    }
  }
  const flow = newFlow();
  const source = flow.addRoutine(new Source(), "source");
  flow.connect(source.output, flow.addRoutine(new Gather(), "gather").input);
  const job = await flow.run(source.trigger);
  assertEquals([job.status, lists], ["completed", [[1], [1, 2]]]);
});
