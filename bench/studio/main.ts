import { type Context, Engine, Flow, Registry, Routine } from "@routilux/routilux";
import { memoryStore } from "@routilux/routilux/stores/memory";
import { studio } from "@routilux/routilux/studio";
import { openBrowser } from "../../tests/support/browser.ts";
import { median } from "../harness/statistics.ts";

// How long Chromium takes for large pages of the studio, over loopback: `deno run -A bench/studio/main.ts [rounds]`. A list of 10,000 jobs,
// and a job with 1,000 routines and 100,000 records of its history.

const JOBS = 10_000;
const ROUTINES = 1_000;
const RECORDS = 100_000;
/** The most bytes of a page. */
const MOST_BYTES = 2 ** 20;
const rounds = Number(Deno.args[0] ?? 5);

class Source extends Routine {
  readonly trigger = this.addSlot("trigger", this.send);
  readonly item = this.addEvent<number>("item");
  send({ items = 0 }: { items?: number }, ctx: Context): void {
    for (let item = 0; item < items; item++) ctx.emit(this.item, item);
  }
}
class Stage extends Routine {
  readonly item = this.addSlot("item", this.pass);
  readonly passed = this.addEvent<number>("passed");
  pass(item: number, ctx: Context): void {
    ctx.emit(this.passed, item);
  }
}

const registry = new Registry({ Source, Stage });
const engine = new Engine({ registry, store: memoryStore() });
const flow = new Flow({ id: "large", registry, engine, limits: { history: RECORDS, keptLength: 1e9 } });
const source = flow.addRoutine(new Source(), "source");
let before = flow.addRoutine(new Stage(), "stage 1");
flow.connect(source.item, before.item);
for (let count = 2; count < ROUTINES; count++) {
  const stage = flow.addRoutine(new Stage(), `stage ${count}`);
  flow.connect(before.passed, stage.item);
  before = stage;
}
await flow.startMany(
  source.trigger,
  Array.from({ length: JOBS - 1 }, (_, n) => ({ jobId: `job ${n}`, queue: "large" })),
);
const job = await flow.run(source.trigger, { items: RECORDS / ROUTINES + 1 }, { jobId: "large" });
if (job.executionHistory.length !== RECORDS) throw new Error(`The history has ${job.executionHistory.length} records`);

const browser = await openBrowser(studio(engine));
for (
  const path of [
    "/",
    "/?status=pending&queue=large",
    "/job?id=large",
    "/workers",
    "/schedules",
  ]
) {
  const response = await fetch(browser.url + path);
  const { length } = await response.bytes();
  if (!response.ok || length > MOST_BYTES) throw new Error(`${path} answers ${response.status} with ${length} bytes`);
  const paints: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const page = await browser.open(path);
    // A text would be evaluated at each look, which the policy of the page forbids.
    const entry = await page.waitForFunction(() =>
      performance.getEntriesByName("first-contentful-paint")[0]?.startTime
    );
    paints.push(Number(await entry.jsonValue()));
    await page.context().close();
  }
  const [least, middle, most] = [Math.min(...paints), median(paints), Math.max(...paints)].map(Math.round);
  console.log(
    `${path}: ${length} bytes, first paint after ${middle} ms (${least} to ${most}), load ${
      Deno.loadavg()[0]?.toFixed(1)
    }`,
  );
}
await browser.close();
await engine.close();
