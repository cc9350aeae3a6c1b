import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { WORKERD_MISSING, WorkerdServer } from "../support/workerd_server.ts";
import { inFolder } from "./run_example.ts";

test(
  "the Durable Object goes on after its server was killed, when its alarm rings, and when it is asked",
  { timeout: 240_000, skip: WORKERD_MISSING },
  () =>
    inFolder(async (folder) => {
      const server = await new WorkerdServer(folder).prepare("examples/durable_object/worker.ts", "Shop", "SHOPS");
      const order = "/shops/tea/orders/7";
      try {
        await server.start();
        assertEquals(await server.call("POST", order, { item: "Assam", remindMs: 1_500 }), [201, { isNew: true }]);
        assertEquals(await server.call("POST", order, { item: "Assam", remindMs: 1_500 }), [200, { isNew: false }]);
        assertEquals(await server.call("GET", `${order}/news`), [200, { type: "placed", data: "Assam" }]);
        await server.kill();
        await server.start();
        assertEquals(await server.call("GET", `${order}/news?from=1`), [200, { type: "reminded", data: "Assam" }]);
        await server.kill();
        await server.start();
        assertEquals(await server.call("POST", `${order}/paid`, { amount: 12 }), [202, { accepted: true }]);
        await server.kill();
        await server.start();
        assertEquals(await server.call("POST", `${order}/paid`, { amount: 12 }), [202, { accepted: true }]);
        assertEquals(await server.call("GET", `${order}/news?from=2`), [200, {
          type: "shipped",
          data: { amount: 12 },
        }]);
        const [, ended] = await server.call("GET", order);
        assertEquals(ended, { status: "completed", outputs: ["placed", "reminded", "shipped"] });
        assertEquals((await server.call("GET", "/shops/tea/orders/8"))[0], 404);
        assertEquals((await server.call("GET", "/shops/coffee/orders/7"))[0], 404);
      } finally {
        await server.kill();
      }
    }),
);
