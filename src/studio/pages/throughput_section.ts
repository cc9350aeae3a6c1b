import { type Html, markup, type Part } from "../html.ts";
import type { Call } from "../route.ts";
import { measureThroughput, type Throughput, type ThroughputPart, WINDOWS } from "../throughput.ts";
import { section } from "./layout.ts";
import { duration } from "./texts.ts";

const WIDTH = 360;
const HEIGHT = 56;
const GAP = 2;

/** Charts of how many jobs were created and ended, and of how many steps those had. */
export async function throughputSection({ host, link, query }: Call): Promise<Html> {
  const wanted = query.text("window") ?? "15m";
  const throughput = await measureThroughput(host, wanted);
  const { isWhole, lookedAt, partMs, parts } = throughput;
  const sumOf = (count: (part: ThroughputPart) => number): number => parts.reduce((sum, it) => sum + count(it), 0);
  const failed = sumOf((it) => it.failed);
  const links = Object.keys(WINDOWS).map((it) =>
    markup`<a href="${link("/workers", { window: it })}#throughput-title" ${
      it === wanted && markup` aria-current="true"`
    }>${duration(WINDOWS[it] ?? 0)}</a>` // Unreachable default: it is one of them.
  );
  const among = isWhole ? "all jobs of the store" : `the newest ${lookedAt.toLocaleString("en-US")} jobs of the store`;
  return section(
    "Throughput",
    "throughput",
    markup`<div class="charts">${chart("Jobs created", throughput, ({ created }) => [created, 0])}${
      chart(
        "Jobs ended",
        throughput,
        (it) => [it.ended - it.failed, it.failed],
        failed > 0 && markup` <span class="error">${failed} failed</span>`,
      )
    }${chart("Steps of jobs that ended", throughput, ({ steps }) => [steps, 0])}</div>
<p class="faint">The last ${duration(partMs * parts.length)} in parts of ${
      duration(partMs)
    }, counted among ${among}. The steps of a job, the entries of its journal, count when it ends.</p>`,
    markup`<span class="aside zoom" role="group" aria-label="Window">${links}</span>`,
  );
}

/** A chart with a bar for each part: what went well below, and what failed on top of it. */
function chart(
  title: string,
  { partMs, parts }: Throughput,
  countsOf: (part: ThroughputPart) => readonly [good: number, bad: number],
  aside: Part = undefined,
): Html {
  const counts = parts.map(countsOf);
  const most = Math.max(1, ...counts.map(([good, bad]) => good + bad));
  const total = counts.reduce((sum, [good, bad]) => sum + good + bad, 0).toLocaleString("en-US");
  const heightOf = (count: number): number => count === 0 ? 0 : Math.max(1, Math.round(count / most * HEIGHT));
  const bars = counts.map(([good, bad], index) => {
    const [height, top] = [heightOf(good), heightOf(good + bad)];
    return [
      bar(index, parts.length, height, 0, "ran"),
      bar(index, parts.length, top, height, "failed"),
    ];
  });
  return markup`<figure class="chart"><figcaption>${title} <b>${total}</b>${aside}</figcaption>
<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" role="img"
aria-label="${title}: ${total}; at most ${most} in ${duration(partMs)}">${bars}</svg>
<p><span>${duration(partMs * parts.length)} ago</span><span>at most ${
    most.toLocaleString("en-US")
  }</span><span>now</span></p></figure>`;
}

function bar(index: number, parts: number, top: number, bottom: number, kind: string): Part {
  const width = WIDTH / parts;
  return top > bottom && markup`<rect class="is-${kind}" x="${index * width}" y="${HEIGHT - top}" width="${width - GAP}"
height="${top - bottom}" />`;
}
