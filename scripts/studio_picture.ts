import { Engine } from "../mod.ts";
import { createShop, registry } from "../examples/studio/jobs.ts";
import { memoryStore } from "../src/stores/memory_store.ts";
import { studio } from "../src/studio/mod.ts";
import { openBrowser } from "../tests/support/browser.ts";

// Makes the picture of the studio in the documentation, from the jobs of the example: deno run -A scripts/studio_picture.ts. Needs Chromium.

const TARGET = new URL("../docs/studio.png", import.meta.url);
const engine = new Engine({ store: memoryStore(), registry });
const { startNext } = createShop(engine);
const worker = engine.work();
await startNext(8);
for await (const _asked of engine.handle("order-8").outputs()) break;

const browser = await openBrowser(studio(engine));
const page = await browser.open("/job?id=order-8", { width: 1_200 });
await page.setViewportSize({ width: 1_200, height: 830 });
await page.waitForSelector("#awaited textarea");
await page.fill("#awaited textarea", '{ "amount": 12 }');
await page.locator("#awaited textarea").blur();
await Deno.writeFile(TARGET, await page.screenshot());
await browser.close();
await worker.stop();
await engine.close();
