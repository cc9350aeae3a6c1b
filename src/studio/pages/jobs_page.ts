import { JOB_STATUSES } from "../../job/job.ts";
import type { JobRecord, ListQuery } from "../../ports/store.ts";
import { isHeld } from "../../ports/store_kit.ts";
import { exactly, type Html, markup, type Part } from "../html.ts";
import { countJobs, type JobCounts, listJobs } from "../queries.ts";
import type { Call } from "../route.ts";
import { nothing, pageAnswer } from "./layout.ts";
import { chip, holder, instant, short } from "./texts.ts";

/** How many jobs a page shows. */
const PAGE_LENGTH = 50;
/** The parameters of the filter, as they stand in addresses. */
const FILTER = ["flow", "queue", "tag", "parent", "createdBefore"] as const;

/** The page of all jobs. */
export async function jobsPage(call: Call): Promise<Response> {
  const { host, link, query, url } = call;
  const wanted = query.list(PAGE_LENGTH);
  const [{ cursor, jobs }, counts] = await Promise.all([listJobs(host, wanted), countJobs(host, wanted)]);
  const now = host.timers.now();
  const filter = Object.fromEntries(FILTER.map((name) => [name, url.searchParams.get(name) || undefined]));
  return pageAnswer(link, {
    title: "Jobs",
    place: "jobs",
    // A later page stays as it is: what comes in at the top would move it.
    ...(wanted.cursor === undefined ? { events: link("/api/events") } : {}),
    main: markup`<div class="title"><h1>Jobs</h1>${
      call.access === "act" &&
      markup`<a class="button main end" href="${link("/start", { flow: filter["flow"] })}">Start a job</a>`
    }</div>
${query.text("deleted") !== undefined && markup`<p class="notice good" role="status">The job was deleted.</p>`}
<div id="counts" data-live>${statusLinks(call, counts, wanted, filter)}</div>
${filterForm(call, wanted, filter)}
<div id="list" data-live>${
      jobs.length === 0
        ? nothing("No job fits. Jobs appear here as soon as a flow has started them.")
        : jobTable(call, jobs, now)
    }</div>
${pager(call, wanted, cursor, filter)}`,
  });
}

type Filter = Readonly<Record<string, string | undefined>>;

function statusLinks({ link }: Call, { byStatus, total }: JobCounts, wanted: ListQuery, filter: Filter): Html {
  const item = (name: string, status: string | undefined, count: number): Html =>
    markup`<li><a href="${link("/", { ...filter, status })}"${
      wanted.status === status && markup` aria-current="true"`
    }>${status === undefined ? markup`<span>${name}</span>` : chip(name)}<b>${
      count.toLocaleString("en-US")
    }</b></a></li>`;
  return markup`<ul class="statuses" aria-label="Jobs by status">${item("All", undefined, total)}${
    JOB_STATUSES.map((status) => item(status, status, byStatus[status]))
  }</ul>`;
}

function filterForm({ link }: Call, { status }: ListQuery, filter: Filter): Html {
  const field = (name: typeof FILTER[number], label: string, hint: string): Html =>
    markup`<label>${label}<input name="${name}" value="${
      exactly(filter[name] ?? "")
    }" placeholder="${hint}" autocomplete="off" spellcheck="false"></label>`;
  const isFiltered = Object.values(filter).some((it) => it !== undefined);
  return markup`<form class="filter" method="get" action="${link("/")}" role="search" aria-label="Filter jobs">
${status !== undefined && markup`<input type="hidden" name="status" value="${status}">`}
${field("flow", "Flow", "any")}${field("queue", "Queue", "any")}${field("tag", "Tag", "name=value")}${
    field("createdBefore", "Created before", "2026-01-31")
  }${filter["parent"] !== undefined && field("parent", "Started by job", "any")}
<div class="buttons"><button>Filter</button>${
    isFiltered && markup`<a class="button plain" href="${link("/", { status })}">Clear</a>`
  }</div>
</form>`;
}

function jobTable(call: Call, jobs: readonly JobRecord[], now: number): Html {
  return markup`<table class="jobs" role="table">
<caption class="hidden">Jobs</caption>
<thead role="rowgroup">
<tr role="row">${
    ["Job", "Status", "Queue", "Created", "Next or last", "Held by"].map((it) =>
      markup`<th scope="col" role="columnheader">${it}</th>`
    )
  }</tr>
</thead>
<tbody role="rowgroup">${jobs.map((it) => jobRow(call, it, now))}</tbody>
</table>`;
}

function jobRow({ link }: Call, job: JobRecord, now: number): Html {
  const { createdAt, flowId, jobId, queue, status, tags } = job;
  const cell = (label: string, content: Part): Html =>
    markup`<td role="cell" data-label="${label}"><span>${content}</span></td>`;
  return markup`<tr role="row"><td role="cell" class="name"><a href="${link("/job", { id: jobId })}">${short(jobId)}</a>
<span class="under"><a href="${link("/", { flow: flowId })}">${short(flowId)}</a>${
    Object.entries(tags).map((
      [name, value],
    ) => markup`<span class="tag">${short(`${name}=${value}`, 40)}</span>`)
  }</span></td>${cell("Status", chip(status))}${
    cell(
      "Queue",
      short(queue, 40),
    )
  }${cell("Created", instant(createdAt, now))}${cell("Next or last", nextOrLast(job, now))}${
    cell(
      "Held by",
      holder(job, now),
    )
  }</tr>`;
}

function nextOrLast(job: JobRecord, now: number): Html {
  const { dueAt, endedAt, status } = job;
  if (endedAt !== undefined) return markup`ended ${instant(endedAt, now)}`;
  if (dueAt === undefined) {
    // Of a job that an engine has, the store does not know what it does.
    const waits = status === "running" && !isHeld(job, now);
    return markup`<span class="faint">${waits ? "waits for an answer or a child" : "–"}</span>`;
  }
  return dueAt <= now ? markup`due since ${instant(dueAt, now)}` : markup`due ${instant(dueAt, now)}`;
}

function pager({ link, url }: Call, wanted: ListQuery, cursor: string | undefined, filter: Filter): Html {
  const order = url.searchParams.get("order") ?? undefined;
  const place = { ...filter, status: wanted.status, order };
  return markup`<nav class="pager" aria-label="Pages">${
    wanted.cursor === undefined
      ? markup`<span></span>`
      : markup`<a class="button plain" href="${link("/", place)}">← First page</a>`
  }${
    cursor === undefined
      ? markup`<span class="faint">No more jobs</span>`
      : markup`<a class="button plain" href="${link("/", { ...place, cursor })}">${
        wanted.newestFirst === true ? "Older" : "Newer"
      } →</a>`
  }</nav>`;
}
