import { createServer } from "node:http";
import process, { env } from "node:process";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { Engine } from "@routilux/routilux";
import { sqliteStore } from "@routilux/routilux/stores/sqlite";
import { nodeListener, studio } from "@routilux/routilux/studio";
import { createShop, registry } from "./jobs.ts";

// A store with jobs that live, a worker, and the studio that shows them: main.ts [database]. It listens on this machine only.

const database = new DatabaseSync(process.argv[2] ?? ":memory:");
const engine = new Engine({ registry, store: sqliteStore(database) });
const shop = createShop(engine);
engine.work({ concurrency: 20, drainMs: 500 });

const server = createServer(nodeListener(studio(engine)));
server.listen(Number(env["PORT"] ?? 3000), "127.0.0.1", () => {
  const address = server.address();
  if (typeof address === "object") console.log(`The studio is at http://127.0.0.1:${address?.port}`);
});

const ended = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => ended.abort());
const first = await engine.count();
await shop.open();
try {
  for (let number = first;; number++) {
    await shop.startNext(number);
    await sleep(number < first + 12 ? 50 : 5_000, undefined, { signal: ended.signal });
  }
} catch {
  // Somebody has ended it: the jobs go on when it is started again with the same database.
}
server.close();
server.closeAllConnections();
await engine.close();
database.close();
