import { type Html, markup, type Part } from "../html.ts";
import type { Call } from "../route.ts";
import { findSchedules, type FoundSchedule } from "../schedule_list.ts";
import { actButtons } from "./act_forms.ts";
import { nothing, pageAnswer } from "./layout.ts";
import { chip, instant, short } from "./texts.ts";

/** The page of schedules: when each begins its next jobs, and what has become of the last ones. */
export async function schedulesPage(call: Call): Promise<Response> {
  const { host, link, query } = call;
  const { cursor, schedules } = await findSchedules(host, query.text("cursor"));
  const now = host.timers.now();
  return pageAnswer(link, {
    title: "Schedules",
    place: "schedules",
    events: link("/api/events"),
    main: markup`<h1>Schedules</h1>
<div id="schedules" data-live>${
      schedules.length === 0
        ? nothing("There is no schedule in this store. One appears here when a program declares it.")
        : schedules.map((it) => scheduleCard(call, it, now))
    }</div>${
      cursor !== undefined &&
      markup`<p><a class="button plain" href="${link("/schedules", { cursor })}">Older schedules →</a></p>`
    }`,
  });
}

/** A schedule is steered by the acts of its own job. */
function scheduleCard(call: Call, schedule: FoundSchedule, now: number): Html {
  const { cron, jobId, last, missed, name = jobId, next, status, timeZone } = schedule;
  const { link } = call;
  const item = (title: string, content: Part): Html => markup`<div><dt>${title}</dt><dd>${content}</dd></div>`;
  return markup`<section class="card schedule" aria-label="${short(name)}">
<div class="title"><h2><a href="${link("/job", { id: jobId })}">${short(name)}</a></h2>${chip(status)}${
    actButtons(call, jobId, status)
  }</div>
<dl class="facts">${item("Times", cron === undefined ? NONE : markup`<code>${short(cron)}</code>`)}${
    item("Time zone", timeZone === undefined ? NONE : short(timeZone))
  }${item("Missed instants", missed === undefined ? NONE : short(missed))}${
    item(
      "Next",
      next.length === 0
        ? NONE
        : next.map((at) => markup`<div>${instant(at, now)} <span class="faint">${utc(at)}</span></div>`),
    )
  }${
    item(
      "Last jobs",
      last.length === 0
        ? NONE
        : last.map((job) =>
          markup`<div><a href="${link("/job", { id: job.jobId })}">${instant(job.createdAt, now)}</a> ${
            chip(job.status)
          }</div>`
        ),
    )
  }</dl></section>`;
}

const NONE: Html = markup`<span class="faint">–</span>`;

function utc(at: string): string {
  return at.replace("T", " ").replace(/:\d\d\.\d{3}Z$/, " UTC");
}
