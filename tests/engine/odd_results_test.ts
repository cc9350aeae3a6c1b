import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { ErrorHandler, type HandlerReturn } from "../../mod.ts";
import { addFunction, link } from "../support/function_routine.ts";
import { createTestFlow } from "../support/test_flow.ts";

/** A proxy at which nobody can look. */
function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

function fail(): never {
  throw new Error("no look");
}

/** A promise that throws when a property of it is read. */
function guardedPromise(property: "then" | "constructor"): Promise<void> {
  return Object.defineProperty(Promise.resolve(), property, { get: fail });
}

/** A generator whose next result is given. */
function generatorOf(next: () => unknown): HandlerReturn<unknown> {
  const generator = {
    next: next as () => IteratorResult<unknown, void>,
    return: () => ({ done: true, value: undefined } as const),
    throw: fail,
    [Symbol.iterator]: () => generator,
  };
  return generator as unknown as HandlerReturn<unknown>;
}

/** What handlers do that nobody can look at; each is the failure of the handler's task. */
const HANDLERS: { readonly [name: string]: () => unknown } = {
  "returns a revoked proxy": revoked,
  "returns an object whose `then` throws": () => ({
    get then() {
      return fail();
    },
  }),
  "returns a promise whose `then` throws": () => guardedPromise("then"),
  "returns a promise whose `then` throws when it is called": () => Object.assign(Promise.resolve(), { then: fail }),
  "returns a promise whose constructor throws": () => guardedPromise("constructor"),
  "returns a thenable that throws": () => ({ then: fail }),
  "returns a generator with a revoked result": () => generatorOf(revoked),
  "returns a generator with a promise whose constructor throws": () => generatorOf(() => guardedPromise("constructor")),
  "returns a generator with an object whose `then` throws": () =>
    generatorOf(() => ({
      get then() {
        return fail();
      },
    })),
  "returns a generator whose result throws": () =>
    generatorOf(() => ({
      get done() {
        return fail();
      },
    })),
  "returns a generator whose value is revoked": () => generatorOf(() => ({ done: false, value: revoked() })),
  "throws a revoked proxy": () => {
    throw revoked();
  },
  "rejects with a revoked proxy": () => Promise.reject(revoked()),
};

test("C501 whatever a handler answers that cannot be looked at is the failure of its task, and the job goes on", async () => {
  for (const [name, run] of Object.entries(HANDLERS)) {
    for (const isAsync of [false, true]) {
      const { flow, timers } = createTestFlow({ errorHandler: new ErrorHandler({ strategy: "continue" }) });
      const seen: string[] = [];
      addFunction(flow, "source", (_data, ctx) => ctx.emit("output", {}));
      addFunction(flow, "odd", () => (isAsync ? Promise.resolve().then(run) : run()) as HandlerReturn<unknown>);
      addFunction(flow, "next", () => void seen.push("next"));
      link(flow, "source", "odd", "next");
      const job = flow.execute("source");
      await timers.flush();
      assertEquals([job.status, seen, job.failures.length], ["completed", ["next"], 1], name);
      assertEquals(timers.size, 0, name);
    }
  }
});

test("an aborted handler may answer what cannot be looked at", async () => {
  for (const [name, run] of Object.entries(HANDLERS)) {
    const { flow, timers } = createTestFlow();
    addFunction(flow, "odd", () => {
      flow.cancel(job);
      return run() as HandlerReturn<unknown>;
    });
    const job = flow.create("odd");
    flow.resume(job);
    await timers.flush();
    assertEquals([job.status, timers.size], ["cancelled", 0], name);
  }
});
