import { parseArgs } from "node:util";
import { BROWSER_MISSING, openBrowser } from "../../tests/support/browser.ts";
import { BENCH } from "../harness/process.ts";
import { median, spread } from "../harness/statistics.ts";

// 500 handlers of a millisecond in a page of Chromium, beside a loop that yields as often:
//   deno run -A bench/w11/main.ts [--runs 7] [--handlers 500]

const { values } = parseArgs({
  options: { runs: { type: "string", default: "7" }, handlers: { type: "string", default: "500" } },
});
const handlers = Number(values.handlers);

if (BROWSER_MISSING !== false) throw new Error(BROWSER_MISSING);
const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
  args: ["bundle", "--quiet", "--minify", "--platform", "browser", "w11/page.ts"],
  cwd: BENCH,
}).output();
if (!success) throw new Error(`Cannot bundle the page:\n${new TextDecoder().decode(stderr)}`);

const browser = await openBrowser(({ url }) =>
  Promise.resolve(
    url.endsWith(".js")
      ? new Response(stdout, { headers: { "content-type": "text/javascript" } })
      : new Response('<script type="module" src="page.js"></script>', { headers: { "content-type": "text/html" } }),
  )
);
try {
  const page = await browser.open("/");
  await page.waitForFunction("globalThis.w11");
  const measure = (name: "job" | "loop") => page.evaluate<number>(`w11.${name}(${handlers})`);
  const all: { readonly job: number; readonly loop: number }[] = [];
  // The first round warms up.
  for (let run = 0; run <= Number(values.runs); run++) {
    all.push({ loop: await measure("loop"), job: await measure("job") });
  }
  const rounds = all.slice(1);
  const show = (title: string, figures: readonly number[], digits: number) =>
    console.log(`${title}: ${median(figures).toFixed(digits)} ±${Math.round(spread(figures) * 100)} %`);
  show("a loop, ms", rounds.map(({ loop }) => loop), 0);
  show("a job, ms", rounds.map(({ job }) => job), 0);
  show("a job ÷ a loop (target: at most 1.1)", rounds.map(({ job, loop }) => job / loop), 2);
} finally {
  await browser.close();
}
