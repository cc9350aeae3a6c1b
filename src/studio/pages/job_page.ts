import { summarizeDocument } from "../../inspect/summary.ts";
import { hasEnded } from "../../job/job.ts";
import type { StoredJob } from "../../ports/store.ts";
import { type Html, markup, type Part } from "../html.ts";
import type { Call } from "../route.ts";
import { actButtons, anyDeliverForm } from "./act_forms.ts";
import { dataSections } from "./data_sections.ts";
import { childrenSection } from "./children_section.ts";
import {
  awaitedSection,
  failuresSection,
  graphSection,
  type JobView,
  tasksSection,
  timelineSection,
} from "./job_sections.ts";
import { pageAnswer } from "./layout.ts";
import { LISTS } from "./list_parts.ts";
import { chip, duration, holder, instant, short } from "./texts.ts";
import { pastBanner, timeSection } from "./time_section.ts";

/** The page of a job, as it is or as it was at a revision. */
export async function jobPage(call: Call): Promise<Response> {
  const { host, link, query } = call;
  const stored = await host.load(query.needed("id"));
  const revision = query.whole("revision");
  const { flow, job } = host.read(stored, revision);
  const { jobId } = stored.record;
  const now = host.timers.now();
  const summary = summarizeDocument(job);
  const isPast = revision !== undefined;
  const canAct = call.access === "act" && !isPast;
  const view: JobView = { call, jobId, flow, job, summary, now, revision };
  return pageAnswer(link, {
    title: short(jobId),
    place: "jobs",
    // A further part of a list stays as it is: what comes in at the top would move it.
    ...(isPast || LISTS.some((name) => query.text(name) !== undefined)
      ? {}
      : { events: link("/api/job/events", { id: jobId }) }),
    main: markup`<p class="crumbs"><a href="${link("/")}">Jobs</a> / <a href="${link("/", { flow: flow.id })}">${
      short(
        flow.id,
      )
    }</a></p>
<div id="head" data-live>${head(view, stored)}</div>
${
      isPast
        ? pastBanner(call, stored, revision, hasEnded(job.status))
        : markup`<div id="asked" data-live>${await asked(call, jobId)}</div>`
    }
${graphSection(view)}
<div class="columns">
<div>${await awaitedSection(view, stored.record)}</div>
<div>${failuresSection(view)}${tasksSection(view)}</div>
</div>
${await childrenSection(view)}
${await timelineSection(view, stored.record)}
${timeSection(call, stored, revision, now)}
${dataSections(view)}
<section class="card" aria-labelledby="more-title"><div class="card-head"><h2 id="more-title">More</h2></div>
<p class="more"><a class="button plain" href="${
      link("/api/job/document", {
        id: jobId,
        revision,
      })
    }" download="job.json">Download the document</a>${
      canAct &&
      markup`<a class="button plain" href="${link("/start", { job: jobId })}">Start another job like this one</a>`
    }</p>
${
      canAct && markup`<details><summary>Deliver to any slot</summary>${anyDeliverForm(call, jobId, flow)}</details>`
    }</section>`,
  });
}

function head({ call, job, jobId, now, revision, summary }: JobView, { record }: StoredJob): Html {
  const { createdAt, error, pauseReason, ranMs, status, updatedAt } = summary;
  const { link } = call;
  const { parentId, priority, queue, tags } = record;
  const item = (name: string, value: Part): Html =>
    markup`<div>
<dt>${name}</dt>
<dd>${value}</dd>
</div>`;
  return markup`<div class="title"><h1>${jobId.slice(0, 1_200)}</h1>${chip(status)}${
    revision === undefined && actButtons(
      call,
      jobId,
      job.status,
      summary.failures.some(({ handled }) => handled !== true),
    )
  }</div>
${error !== undefined && markup`<p class="notice bad">${error.slice(0, 1_000)}</p>`}${
    pauseReason !== undefined && markup`<p class="notice">Paused: ${pauseReason.slice(0, 500)}</p>`
  }
<dl class="facts">${item("Created", instant(createdAt, now))}${item("Changed", instant(updatedAt, now))}${
    item("Worked", duration(ranMs))
  }${item("Queue", markup`<a href="${link("/", { queue })}">${short(queue)}</a>`)}${
    priority !== 1 && item("Priority", priority < 1 ? "high" : "low")
  }${item("Held by", holder(record, now))}${
    parentId !== undefined &&
    item("Started by", markup`<a href="${link("/job", { id: parentId })}">${short(parentId)}</a>`)
  }${
    Object.keys(tags).length > 0 && item(
      "Tags",
      Object.entries(tags).map(([name, value]) =>
        markup`<a class="tag" href="${link("/", { tag: `${name}=${value}` })}">${short(`${name}=${value}`)}</a>`
      ),
    )
  }</dl>`;
}

const ASKED: Readonly<Record<string, string>> = {
  pause: "The pause",
  resume: "The resume",
  cancel: "The cancellation",
  redrive: "The redrive",
  discard: "The discarding",
  deliver: "The delivery",
};

/** The outcome of the act that was asked for a moment ago. */
async function asked({ host, query }: Call, jobId: string): Promise<Part> {
  const [name = "", key] = [query.text("asked"), query.text("key")];
  if (name === "fork" || name === "start") {
    return markup`<p class="notice good" role="status">This is the new job. A worker takes it up.</p>`;
  }
  const what = Object.hasOwn(ASKED, name) ? ASKED[name] : undefined;
  if (what === undefined || key === undefined) return undefined;
  const outcome = await host.engine.handle(jobId).command(key);
  if (outcome === undefined) return undefined;
  if (outcome.status === "refused") {
    return markup`<p class="notice bad" role="status">${what} was refused: ${outcome.reason.slice(0, 500)}</p>`;
  }
  return outcome.status === "done"
    ? markup`<p class="notice good" role="status">${what} is done.</p>`
    : markup`<p class="notice" role="status">${what} is stored, and carried out by the worker that has the job or takes it next.</p>`;
}
