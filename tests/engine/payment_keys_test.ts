import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { type Context, Registry, Routine } from "../../mod.ts";
import { memoryStore } from "../../src/stores/memory_store.ts";
import { lateStore } from "../support/late_store.ts";
import { createTestFlow } from "../support/test_flow.ts";

// What `ctx.idempotencyKey` is to a payment service that does nothing twice for one key: charged is what was not paid back.

/** Charges and pays back, once for each key. */
class PaymentService {
  balance = 0;
  readonly #known: Set<string> = new Set();

  move(amount: number, key: string): void {
    if (this.#known.has(key)) return;
    this.#known.add(key);
    this.balance += amount;
  }
}

const STORES = {
  "without a store": () => undefined,
  "with a store that answers at once": memoryStore,
  "with a store that answers later": lateStore,
};

for (const [where, createStore] of Object.entries(STORES)) {
  for (const executionStrategy of ["sequential", "concurrent"] as const) {
    const setUp = () => {
      const payments = { service: new PaymentService(), isAnswering: false };
      class Order extends Routine {
        readonly charge = this.addSlot("charge", this.pay);
        readonly failed = this.addSlot("failed", this.payBack);
        pay(_order: object, ctx: Context): void {
          payments.service.move(10, ctx.idempotencyKey);
          if (!payments.isAnswering) throw new Error("the service has not answered");
        }
        payBack(_failure: unknown, ctx: Context): void {
          payments.service.move(-10, ctx.idempotencyKey);
        }
      }
      const registry = new Registry({ Order });
      const store = createStore();
      const { flow } = createTestFlow({ registry, executionStrategy }, store && { store, registry });
      return { flow, payments, order: flow.addRoutine(new Order(), "order") };
    };

    test(`C434 a charge that failed, and is tried again by a redrive, counts once, ${where}: ${executionStrategy}`, async () => {
      const { flow, payments, order } = setUp();
      const job = await flow.run(order.charge, {});
      assertEquals([job.status, payments.service.balance], ["failed", 10]);
      payments.isAnswering = true;
      await flow.waitForCompletion(flow.resume(job, { redrive: true }));
      assertEquals([job.status, payments.service.balance], ["completed", 10]);
    });

    test(`C437 a charge that was paid back, and is tried again, is another one, and so is what pays it back, ${where}: ${executionStrategy}`, async () => {
      const { flow, payments, order } = setUp();
      flow.connectFailure(order.charge, order.failed);
      const job = await flow.run(order.charge, {});
      assertEquals([job.status, payments.service.balance], ["completed", 0]);
      const tryAgain = async () => {
        await flow.waitForCompletion(flow.resume(job, { redrive: [1] }));
        return [job.status, payments.service.balance];
      };
      assertEquals(await tryAgain(), ["completed", 0]);
      assertEquals(await tryAgain(), ["completed", 0]);
      payments.isAnswering = true;
      assertEquals(await tryAgain(), ["completed", 10]);
    });
  }
}
