import { describeConditions } from "./conditions.ts";
import { BENCH } from "./process.ts";
import { readResults, type Results } from "./results.ts";
import { plotBounded } from "../bounded/plots.ts";
import { plotScaling } from "../scaling/plots.ts";
import { RUNTIMES, targetTable, workloadTables } from "./tables.ts";
import { workloads } from "./workloads.ts";

const FOLDER = new URL("results/", BENCH);
const DOCUMENTS = [new URL("README.md", BENCH), new URL("../docs/performance.md", BENCH)];

/** The workloads with curves. */
const PLOTS = new Map([
  ["scaling", { title: "Time of an activation", plot: plotScaling }],
  ["bounded", { title: "Memory and journals along the way", plot: plotBounded }],
]);

/**
 * Writes results, one file per workload, and puts the tables of all recorded results into a document: between `<!--
 * bench:w1 -->` and `<!-- /bench:w1 -->`, and likewise `bench:targets` for all targets. Also draws the curves
 * of those that have some.
 */
export async function writeReports(results: Results): Promise<void> {
  await Deno.mkdir(FOLDER, { recursive: true });
  for (const id of workloads.keys()) {
    const series = results.series.filter(({ workload }) => workload === id);
    if (series.length > 0) await Deno.writeTextFile(fileOf(id), JSON.stringify({ ...results, series }));
  }
  const parts = await renderRecorded();
  for (const document of DOCUMENTS) {
    const text = await Deno.readTextFile(document);
    await Deno.writeTextFile(document, fill(text, parts));
  }
  const paths = [FOLDER, ...DOCUMENTS].map(({ pathname }) => pathname);
  await new Deno.Command(Deno.execPath(), { args: ["fmt", "--quiet", ...paths] }).output();
}

async function renderRecorded(): Promise<ReadonlyMap<string, string>> {
  const parts = new Map<string, string>();
  const targets: string[] = [];
  for (const workload of workloads.values()) {
    const results = await readResults(fileOf(workload.id)).catch((error) => {
      if (error instanceof Deno.errors.NotFound) return undefined;
      throw error;
    });
    if (results === undefined) continue;
    const drawings = await drawCurves(workload.id, results);
    const paragraphs = [describeConditions(results), ...drawings, workloadTables(workload, results)];
    parts.set(workload.id, paragraphs.join("\n\n"));
    const rows = targetTable(workload.contests.map((contest) => ({ workload, contest })), results);
    targets.push(targets.length === 0 ? rows : rows.split("\n").slice(2).join("\n"));
  }
  return parts.set("targets", targets.filter((rows) => rows !== "").join("\n"));
}

/** Draws the curves of each runtime, and returns the Markdown that shows the drawings. */
async function drawCurves(id: string, results: Results): Promise<readonly string[]> {
  const drawn = PLOTS.get(id);
  const images: string[] = [];
  for (const runtime of drawn === undefined ? [] : RUNTIMES) {
    const drawing = drawn?.plot(results, runtime);
    if (drawing === undefined) continue;
    const name = `${id}_${runtime.toLowerCase()}.svg`;
    await Deno.writeTextFile(new URL(name, FOLDER), drawing);
    images.push(`![${drawn?.title} in ${runtime}](results/${name})`);
  }
  return images;
}

function fill(text: string, parts: ReadonlyMap<string, string>): string {
  return text.replace(/(<!-- bench:(\w+) -->\n)[^]*?(<!-- \/bench:\2 -->)/g, (all, begin, id, end) => {
    const part = parts.get(id);
    return part === undefined ? all : `${begin}\n${part}\n\n${end}`;
  });
}

function fileOf(id: string): URL {
  return new URL(`${id}.json`, FOLDER);
}
