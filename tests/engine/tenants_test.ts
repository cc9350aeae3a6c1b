import { test } from "node:test";
import { assertEquals, assertRejects } from "@std/assert";
import {
  type Collected,
  type Context,
  Engine,
  ErrorHandler,
  type Failure,
  Flow,
  JobFailedError,
  Registry,
  Routine,
} from "../../mod.ts";
import type { EngineEvent } from "../../mod.ts";
import { memoryStore } from "../../src/stores/memory_store.ts";
import { manualIds, manualTimers } from "../../src/testing/mod.ts";

// Jobs of several customers share a flow, an engine and a store: what fails for one never shows what another has sent.

interface Order {
  readonly secret: string;
  readonly failsAt: number;
}

/** Thrown again and again, as those of a client may be: each time with the data of the call that has failed. */
const shared = Object.assign(new Error("no answer"), { sent: "" });

class Charge extends Routine {
  readonly trigger = this.addSlot("trigger", this.charge);
  readonly lines = this.addSlot("lines", this.collect, { merge: "append" });
  readonly failed = this.addSlot("failed", this.recover);
  readonly line = this.addEvent<Order>("line");
  async charge(order: Order, ctx: Context): Promise<void> {
    ctx.state.set("order", order);
    await Promise.resolve();
    if (ctx.attempt < 1) throw Object.assign(new Error("no answer"), { order });
    for (let n = 0; n < 3; n++) ctx.emit(this.line, order);
  }
  collect({ secret, failsAt }: { secret: Collected<string>; failsAt: Collected<number> }): void {
    if (secret.length > (failsAt.at(0) ?? 0)) throw errorOf(Array.from(secret).join());
  }
  recover({ data, error }: Failure, ctx: Context): void {
    ctx.output("recovered", { data, error });
    const { secret = "" } = ctx.state.get<Order>("order") ?? {};
    throw new Error(`given up: ${secret}`, { cause: errorOf(secret) });
  }
}

function errorOf(secret: string): Error {
  return Object.assign(shared, { message: `no answer for ${secret}`, sent: secret });
}

const TENANTS = ["red", "green", "blue"];
const secretOf = (tenant: string): string => `secret of ${tenant}`;

function createShop(isStored: boolean) {
  const events: EngineEvent[] = [];
  const registry = new Registry({ Charge });
  const timers = manualTimers();
  const store = isStored ? { store: memoryStore() } : {};
  const engine = new Engine({
    ...{ timers, ids: manualIds(), registry, ...store },
    observer: (event) => void events.push(event),
  });
  const errorHandler = new ErrorHandler({ strategy: "retry", maxRetries: 2, retryDelayMs: 10 });
  const flow = new Flow({ id: "shop", engine, registry, errorHandler, executionStrategy: "concurrent" });
  const charge = flow.addRoutine(new Charge(), "charge");
  flow.connect(charge.line, charge.lines);
  flow.connectFailure(charge.lines, charge.failed);
  return { engine, flow, charge, events, timers };
}

/** Says of a text which tenants' secrets it shows. */
const shownIn = (text: string): string[] => TENANTS.filter((tenant) => text.includes(secretOf(tenant)));

for (const isStored of [false, true]) {
  const where = isStored ? "in a store" : "in memory";
  test(`what fails in the job of one tenant never shows what another has sent, ${where}`, async () => {
    const { engine, flow, charge, events, timers } = createShop(isStored);
    const jobs = TENANTS.map((jobId, failsAt) =>
      flow.execute(charge.trigger, { secret: secretOf(jobId), failsAt }, { jobId })
    );
    await timers.advance(10_000);
    for (const job of jobs) {
      assertEquals([job.status, job.failures.length > 1, shownIn(job.toText())], ["failed", true, [job.jobId]]);
      const error = await assertRejects(() => flow.result(job), JobFailedError);
      assertEquals(shownIn(`${error.message} ${error.cause}`), [job.jobId]);
      const told = events.filter((event) => "jobId" in event && event.jobId === job.jobId);
      assertEquals([told.length > 10, shownIn(JSON.stringify(told, withErrors))], [true, [job.jobId]]);
      flow.resume(job, { redrive: true });
    }
    await timers.advance(10_000);
    for (const job of jobs) assertEquals([job.status, shownIn(job.toText())], ["failed", [job.jobId]]);
    await engine.close();
  });
}

function withErrors(_key: string, value: unknown): unknown {
  return value instanceof Error ? { ...value, message: value.message, cause: value.cause } : value;
}
