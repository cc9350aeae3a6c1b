import { findHolders, type Owner, type Queue } from "../holders.ts";
import { type Html, markup } from "../html.ts";
import type { Call } from "../route.ts";
import { nothing, pageAnswer, section, table } from "./layout.ts";
import { throughputSection } from "./throughput_section.ts";
import { duration, instant, ownerName, short } from "./texts.ts";

/** The page of workers and queues. */
export async function workersPage(call: Call): Promise<Response> {
  const { host, link } = call;
  const [{ isWhole, owners, queues }, throughput] = await Promise.all([findHolders(host), throughputSection(call)]);
  const now = host.timers.now();
  return pageAnswer(link, {
    title: "Workers",
    place: "workers",
    events: link("/api/events"),
    main: markup`<h1>Workers and queues</h1>
${
      !isWhole &&
      markup`<p class="notice">There are very many jobs: only the oldest that have not ended are counted here.</p>`
    }
${throughput}
${section("Engines that hold jobs", "owners", ownerTable(owners))}
${section("Queues with jobs that have not ended", "queues", queueTable(queues, link, now))}`,
  });
}

function ownerTable(owners: readonly Owner[]): Html {
  if (owners.length === 0) return nothing("No engine holds a job now.");
  const most = Math.max(...owners.map(({ jobs }) => jobs));
  return table(
    "Engines",
    ["Engine", "Jobs", "Share", "Lease left"],
    owners.map((
      { jobs, leaseLeftMs, owner },
    ) => [ownerName(owner), String(jobs), bar(jobs, most), duration(leaseLeftMs)]),
    [1],
  );
}

function queueTable(queues: readonly Queue[], link: Call["link"], now: number): Html {
  if (queues.length === 0) return nothing("All jobs have ended, or are paused.");
  const most = Math.max(...queues.map(({ pending, running }) => pending + running));
  return table(
    "Queues",
    ["Queue", "Pending", "Running", "Share", "Held", "Due, held by nobody", "Oldest due"],
    queues.map(({ due, held, oldestDueAt, pending, queue, running }) => [
      markup`<a href="${link("/", { queue })}">${short(queue)}</a>`,
      String(pending),
      String(running),
      bar(pending + running, most),
      String(held),
      String(due),
      oldestDueAt === undefined ? markup`<span class="faint">–</span>` : instant(oldestDueAt, now),
    ]),
    [1, 2, 4, 5],
  );
}

/** A bar that shows a share. */
function bar(count: number, most: number): Html {
  const width = Math.max(2, Math.round(count / most * 120));
  return markup`<svg class="bar" width="120" height="8" aria-hidden="true">
<rect class="ground" width="120" height="8" rx="4" />
<rect width="${width}" height="8" rx="4" />
</svg>`;
}
