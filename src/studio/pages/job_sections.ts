import { drawGantt } from "./gantt.ts";
import { toBareSvg } from "../../diagram/svg.ts";
import type { FlowDocument } from "../../documents/flow_schema.ts";
import type { JobDocument } from "../../documents/job.ts";
import type { JobRecord } from "../../ports/store.ts";
import type { FailureDocument } from "../../documents/records.ts";
import type { JobSummary, TaskSummary } from "../../inspect/summary.ts";
import { hasEnded } from "../../job/job.ts";
import { formatInstant } from "../../base/instant.ts";
import { errorText } from "../../inspect/tasks.ts";
import { Html, markup, type Part } from "../html.ts";
import type { Call } from "../route.ts";
import { childTimelines, instantOf } from "../child_timelines.ts";
import { deliverForm, failureForms } from "./act_forms.ts";
import { nothing, section, table } from "./layout.ts";
import { partOf } from "./list_parts.ts";
import { chip, counted, instant, jsonOf, short } from "./texts.ts";

/** The most routines that are drawn on the page: more take long to place, and cannot be told apart. */
const MOST_DRAWN = 150;
/** The most forms of a page: each may have very many fields. */
const MOST_FORMS = 20;
const ZOOMS = [1, 2, 4, 8];

/** What the sections of a job's page show. */
export interface JobView {
  readonly call: Call;
  readonly jobId: string;
  readonly flow: FlowDocument;
  readonly job: JobDocument;
  readonly summary: JobSummary;
  readonly now: number;
  /** The revision of the past that is shown; the present one without it. */
  readonly revision: number | undefined;
}

/** The graph of the flow, coloured by what the job does. */
export function graphSection({ call, flow, job, jobId, revision }: JobView): Html {
  const whole = markup`<a class="aside" href="${
    call.link("/api/job/diagram.svg", { id: jobId, revision })
  }">As an image</a>`;
  const count = Object.keys(flow.routines).length;
  if (count > MOST_DRAWN) {
    return section(
      "Flow",
      "graph",
      nothing(`The flow has ${counted(count, "routine")}: open the image to see them all.`),
      whole,
    );
  }
  const drawing = new Html(toBareSvg(flow, job));
  return section(
    "Flow",
    "graph",
    markup`<div class="scroll canvas" role="group" aria-label="The flow as a graph" tabindex="0" data-pan>${drawing}</div>`,
    whole,
  );
}

/** What has happened when, in the job and in those that it has started. */
export async function timelineSection(view: JobView, { parentId }: JobRecord): Promise<Html> {
  const { call, job, jobId, now, revision } = view;
  const given = Number(call.url.searchParams.get("zoom"));
  const zoom = ZOOMS.find((it) => it === given) ?? 1;
  const addressOf = (id: string) => `${call.link("/job", { id })}#timeline-title`;
  const { children, hasMore } = await childTimelines(call.host, jobId, instantOf(call.host, job, revision));
  // A job that has ended may have children that go on.
  const isOver = revision !== undefined || (hasEnded(job.status) && children.every((it) => it.endedAt !== undefined));
  const ends = children.map((it) => it.endedAt ?? it.from);
  const to = !isOver
    ? formatInstant(now)
    : revision !== undefined
    ? job.updatedAt
    : [job.updatedAt, ...ends].sort().at(-1);
  const { drawing, dropped, missing } = drawGantt(job, { to: to ?? job.updatedAt, zoom, children, addressOf }); // Unreachable default: the list is not empty.
  const links = ZOOMS.map((it) =>
    markup`<a href="${call.link("/job", { id: jobId, revision, zoom: it })}#timeline-title" ${
      it === zoom && markup` aria-current="true"`
    }>${it}×</a>`
  );
  const gone = missing + dropped;
  const kinds = ["ran", "failed", "retried", "skipped", "active", "waiting", "awaiting"];
  return section(
    "Timeline",
    "timeline",
    markup`<div class="scroll canvas" role="group" aria-label="The timeline" tabindex="0" data-pan>${drawing}</div>
<p class="legend">${kinds.map((it) => markup`<span class="key is-${it}">${it}</span>`)}${
      children.length > 0 && markup`<span class="key life-key">child</span>`
    }</p>${gone > 0 && markup`<p class="faint">${counted(gone, "older entry", "older entries")} not shown</p>`}${
      hasMore &&
      markup`<p class="faint">Only the newest ${children.length} children are shown. <a href="${
        call.link("/", { parent: jobId })
      }">All jobs that it has started</a></p>`
    }${
      parentId !== undefined &&
      markup`<p class="faint"><a href="${addressOf(parentId)}">This job in the timeline of its parent</a></p>`
    }`,
    markup`<span class="aside zoom" role="group" aria-label="Zoom">${links}</span>`,
  );
}

/** The answers that the job waits for, each with a form. Nothing where there is none. */
export async function awaitedSection(view: JobView, record: JobRecord): Promise<Part> {
  const { call, jobId, now, revision, summary: { awaiting } } = view;
  const canAct = call.access === "act" && revision === undefined;
  // Nothing but spaces in it would not be empty for the style.
  if (awaiting.length === 0) return markup`<div id="awaited" data-live></div>`;
  const { links, shown } = partOf(view, "awaited", awaiting, MOST_FORMS);
  const forms = await Promise.all(shown.map(async ({ createdAt, id, onTimeout, routine, slot, until }) => {
    const to = { routine, slot };
    const form = canAct && deliverForm(call, jobId, to, await call.host.fieldOf(record, to), `answer-${id}`);
    return markup`<div class="awaited"><p><b>${short(routine)}</b> · ${short(slot)}<br><span class="faint">asked ${
      instant(createdAt, now)
    }${until !== undefined && markup`, until ${instant(until, now)}`}${
      onTimeout !== undefined && markup`, then ${short(onTimeout)}`
    }</span></p>${form}</div>`;
  }));
  return section("Awaited answers", "awaited", forms, links);
}

/** The tasks that have not ended. */
export function tasksSection(view: JobView): Html {
  const { now, summary: { active, awaiting, ready, waiting } } = view;
  const { links, shown } = partOf(view, "tasks", [...active, ...ready, ...waiting, ...awaiting]);
  const row = ({ attempts = 0, createdAt, id, key, routine, slot, state, until }: TaskSummary): Part[] => [
    `#${id}`,
    short(routine),
    key === undefined ? short(slot) : markup`${short(slot)} <span class="tag">${short(key, 40)}</span>`,
    chip(state),
    instant(createdAt, now),
    until === undefined ? markup`<span class="faint">–</span>` : instant(until, now),
    attempts === 0 ? "" : String(attempts),
  ];
  return section(
    "Pending tasks",
    "tasks",
    shown.length === 0 ? nothing("Nothing is pending.") : table(
      "Pending tasks",
      ["Task", "Routine", "Slot", "State", "Since", "Due", "Failed before"],
      shown.map(row),
      [6],
    ),
    links,
  );
}

/** What has failed, with the data of the failed tasks. */
export function failuresSection(view: JobView): Part {
  const { call, job: { failures = [], status }, jobId, now, revision } = view;
  const canAct = call.access === "act" && revision === undefined;
  if (failures.length === 0) return markup`<div id="failures" data-live></div>`;
  const one = ({ at, error, handled, task }: FailureDocument): Part =>
    markup`<li>
<p class="error">${errorText(error).slice(0, 1_000)}</p>
<p class="faint">task #${task.id} of ${short(task.routine)} · ${short(task.slot)}, ${
      counted(
        (task.attempt ?? 0) + 1,
        "attempt",
      )
    }, ${instant(at, now)}${handled === true && ", handled by a failure connection"}</p>
<details><summary>Data</summary>${jsonOf(task.data)}${
      canAct && failureForms(call, jobId, task, hasEnded(status))
    }</details>
</li>`;
  const { links, shown } = partOf(view, "failures", failures.toReversed());
  return section("Failures", "failures", markup`<ul class="failures">${shown.map(one)}</ul>`, links);
}
